import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { api, body, type Schemas } from '../../api/client.js';
import { useMay } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { ErrorNote } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { Pill, type Tone } from '../../parts/pill.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { When } from '../../parts/when.js';

type Key = Schemas['SigningKeyDto'];
const KEYS = ['signing-keys'];

const STATES: Readonly<Record<Key['status'], readonly [Tone, string]>> = {
  upcoming: ['info', 'Upcoming'],
  signing: ['good', 'Signing'],
  verifying: ['quiet', 'Verifying'],
  retired: ['quiet', 'Retired'],
};

/** The keys that sign tokens. A new one is published before it signs; an old one verifies until its last token has ended. */
export function SigningKeys(): ReactElement {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: KEYS,
    queryFn: ({ signal }) => body(api.GET('/api/v1/signing-keys', { signal })),
  });
  const mayOwn = useMay('own');
  const [asked, setAsked] = useState<'rotate' | Key | null>(null);
  return (
    <Section
      title="Signing keys"
      lead="They sign tokens. A new key is published five minutes before it signs."
      flush
      actions={
        mayOwn ? (
          <Button size="sm" variant="default" leftSection={<Icon name="refresh" size={16} />} onClick={() => setAsked('rotate')}>
            Rotate
          </Button>
        ) : undefined
      }
    >
      {isPending ? <RowsSkeleton rows={2} /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data ? <KeyTable keys={data.items} onRemove={mayOwn ? setAsked : undefined} /> : null}
      {asked === 'rotate' ? <RotateKey onClose={() => setAsked(null)} /> : null}
      {asked !== null && asked !== 'rotate' ? <RemoveKey signingKey={asked} onClose={() => setAsked(null)} /> : null}
    </Section>
  );
}

function KeyTable({
  keys,
  onRemove,
}: {
  readonly keys: readonly Key[];
  readonly onRemove: ((key: Key) => void) | undefined;
}): ReactElement {
  return (
    <table className="gh-table" role="table" aria-label="Signing keys">
      <thead role="rowgroup">
        <tr role="row">
          {['Key', 'Algorithm', 'State', 'Signs from', 'Retires'].map((name) => (
            <th key={name} scope="col" role="columnheader">
              {name}
            </th>
          ))}
          {onRemove ? (
            <th scope="col" role="columnheader">
              <span className="gh-visually-hidden">Acts</span>
            </th>
          ) : null}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {keys.map((key) => {
          const [tone, label] = STATES[key.status];
          return (
            <tr key={key.kid} role="row">
              <td role="cell">
                <code title={key.kid}>{key.kid.slice(0, 12)}…</code>
              </td>
              <td role="cell" data-label="Algorithm">
                {key.alg}
              </td>
              <td role="cell" data-label="State">
                <Pill tone={tone}>{label}</Pill>
              </td>
              <td role="cell" data-label="Signs from">
                <When at={key.signsFrom} />
              </td>
              <td role="cell" data-label="Retires">
                <When at={key.retiresAt} never="–" />
              </td>
              {onRemove ? (
                <td role="cell">
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={`Remove key ${key.kid.slice(0, 12)}`}
                    onClick={() => onRemove(key)}
                  >
                    Remove
                  </Button>
                </td>
              ) : null}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function RotateKey({ onClose }: { readonly onClose: () => void }): ReactElement {
  const refresh = useRefresh();
  const rotate = async (): Promise<void> => {
    await api.POST('/api/v1/signing-keys/rotate');
    refresh(KEYS);
    toast.done('A new key is published. It signs in five minutes.');
  };
  return (
    <Confirm title="Rotate the signing key?" act="Publish a new key" onClose={onClose} onConfirm={rotate} isDangerous={false}>
      A new key is published now and signs in five minutes. The present one goes on to verify until its last token has ended; nobody is
      locked out.
    </Confirm>
  );
}

function RemoveKey({ signingKey, onClose }: { readonly signingKey: Key; readonly onClose: () => void }): ReactElement {
  const refresh = useRefresh();
  const short = signingKey.kid.slice(0, 12);
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/signing-keys/{kid}', { params: { path: { kid: signingKey.kid } } });
    refresh(KEYS);
    toast.done('The key is removed, and with it every token that it signed.');
  };
  return (
    <Confirm title="Remove this key?" act="Remove key" onClose={onClose} onConfirm={remove} typed={short}>
      For an emergency, such as a key that was stolen: every token that it signed stops working at once. To replace a key in peace, rotate.
    </Confirm>
  );
}
