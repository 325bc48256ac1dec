import { Select, Tabs } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import type { NewCredential } from '../../api/credentials.js';
import type { Server } from '../../api/servers.js';
import { Code, CodeLine } from '../../parts/code.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Note } from '../../parts/notes.js';
import { snippetsFor } from './snippets.js';
import { TryIt } from './try-it.js';

/** What stands here is seen this once: id, secret, and how to begin. */
export function NewSecret({
  credential,
  servers,
}: {
  readonly credential: NewCredential;
  readonly servers: readonly Server[];
}): ReactElement {
  const { clientId, clientSecret } = credential;
  return (
    <div className="gh-stack">
      {clientSecret === undefined ? (
        <Note tone="good" title={`“${credential.label}” is ready.`}>
          It has no secret; it proves itself as you said.
        </Note>
      ) : (
        <Note tone="warn" title="Keep the secret now.">
          It is shown this once. Gatehouse stores only a digest of it and cannot show it again.
        </Note>
      )}
      <div className="gh-secret">
        <div>
          <span className="gh-dim gh-small">Client id</span>
          <CodeLine text={clientId} label="client id" />
        </div>
        {clientSecret === undefined ? null : (
          <div>
            <span className="gh-dim gh-small">Client secret</span>
            <CodeLine text={clientSecret} label="client secret" />
          </div>
        )}
        {clientSecret === undefined ? null : (
          <div className="gh-row">
            <CopyButton text={clientSecret} what="secret" />
            <CopyButton text={`CLIENT_ID=${clientId}\nCLIENT_SECRET=${clientSecret}\n`} what="both as .env" />
          </div>
        )}
      </div>
      <Beginnings credential={credential} servers={servers} />
    </div>
  );
}

interface BeginningsProps {
  readonly credential: Pick<NewCredential, 'clientId' | 'clientSecret' | 'authMethod' | 'servers' | 'dpopRequired'>;
  readonly servers: readonly Server[];
}

/** Snippets for one of its servers, and the flow to try. */
export function Beginnings({ credential, servers }: BeginningsProps): ReactElement | null {
  const own = servers.filter(({ slug }) => credential.servers.includes(slug));
  const [slug, setSlug] = useState<string>();
  const server = own.find((one) => one.slug === slug) ?? own[0];
  if (!server) return null;
  const { clientId, clientSecret, authMethod } = credential;
  const snippets = snippetsFor({ method: authMethod, clientId, clientSecret, resource: server.resource, serverSlug: server.slug });
  return (
    <>
      <section aria-label="How to begin" className="gh-stack-tight">
        <div className="gh-row-apart">
          <h3>How to begin</h3>
          {own.length > 1 ? (
            <Select
              aria-label="Server"
              size="xs"
              data={own.map((one) => ({ value: one.slug, label: one.name }))}
              value={server.slug}
              allowDeselect={false}
              onChange={(value) => setSlug(value ?? undefined)}
            />
          ) : null}
        </div>
        <Tabs defaultValue={snippets[0]?.id} keepMounted={false}>
          <Tabs.List>
            {snippets.map(({ id, label }) => (
              <Tabs.Tab key={id} value={id}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {snippets.map(({ id, label, about, text }) => (
            <Tabs.Panel key={id} value={id} pt="sm">
              <p className="gh-dim gh-small gh-snippet-about">{about}</p>
              <Code text={text} label={`${label} snippet`} />
            </Tabs.Panel>
          ))}
        </Tabs>
      </section>
      {clientSecret === undefined || credential.dpopRequired ? null : (
        <section aria-label="Try it" className="gh-stack-tight">
          <h3>Try it</h3>
          <TryIt key={server.resource} clientId={clientId} clientSecret={clientSecret} resource={server.resource} />
        </section>
      )}
    </>
  );
}
