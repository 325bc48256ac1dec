import { PasswordInput, Select } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import type { Credential } from '../../api/credentials.js';
import type { Server } from '../../api/servers.js';
import { TryIt } from './try-it.js';

/** The flow, for whoever has the secret at hand. It goes to the token endpoint and nowhere else. */
export function TryWithSecret({
  credential,
  servers,
}: {
  readonly credential: Credential;
  readonly servers: readonly Server[];
}): ReactElement | null {
  const own = servers.filter(({ slug }) => credential.servers.includes(slug));
  const [secret, setSecret] = useState('');
  const [slug, setSlug] = useState<string>();
  const server = own.find((one) => one.slug === slug) ?? own[0];
  if (!server) return null;
  return (
    <section aria-label="Try it" className="gh-stack-tight">
      <h3>Try it</h3>
      {own.length > 1 ? (
        <Select
          label="Server"
          data={own.map((one) => ({ value: one.slug, label: one.name }))}
          value={server.slug}
          allowDeselect={false}
          onChange={(value) => setSlug(value ?? undefined)}
        />
      ) : null}
      <PasswordInput
        label="Its secret"
        description="Used for this one try, and not kept."
        autoComplete="off"
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value.trim())}
      />
      {secret === '' ? null : (
        <TryIt key={server.resource} clientId={credential.clientId} clientSecret={secret} resource={server.resource} />
      )}
    </section>
  );
}
