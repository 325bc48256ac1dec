import { Button, Modal, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useEffect, useState } from 'react';
import { api, body, type Versioned } from '../../api/client.js';
import { type Credential, credentialQuery, type NewCredential } from '../../api/credentials.js';
import { serversQuery } from '../../api/servers.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { formatDuration } from '../../parts/times.js';
import { When } from '../../parts/when.js';
import { useRefresh } from '../../parts/use-act.js';
import { NewSecret } from './new-secret.js';

const OVERLAPS = [0, 3600, 86_400, 604_800, 2_592_000];
const USUAL = 86_400;

/** A reload would lose what is shown this once: the browser asks first. */
function useUnloadGuard(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const guard = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', guard);
    return () => window.removeEventListener('beforeunload', guard);
  }, [isOn]);
}

export function RotateDialog({ read, onClose }: { readonly read: Versioned<Credential>; readonly onClose: () => void }): ReactElement {
  const refresh = useRefresh();
  const servers = useQuery(serversQuery).data?.items ?? [];
  // Two live secrets leave no room for a third: then the only rotation is one that ends both.
  const mustEnd = read.value.secrets.length > 1;
  const [overlap, setOverlap] = useState(mustEnd ? 0 : USUAL);
  const [made, setMade] = useState<NewCredential | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const { id, label, lastUsedAt } = read.value;
  useUnloadGuard(made !== null);

  const rotate = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const params = { path: { id }, header: { 'If-Match': read.etag } };
      setMade(await body(api.POST('/api/v1/credentials/{id}/rotate', { params, body: { overlapSeconds: overlap } })));
    } catch (failure) {
      setError(failure);
    }
    refresh(credentialQuery(id).queryKey);
    setBusy(false);
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? 'The new secret' : `Rotate the secret of ${label}`}
      size={made ? 760 : 'md'}
      closeOnClickOutside={false}
      closeOnEscape={!made}
      withCloseButton={!made}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made ? (
        <div className="gh-stack">
          <NewSecret credential={made} servers={servers} />
          <div className="gh-dialog-actions">
            <Button onClick={onClose}>I have kept the secret</Button>
          </div>
        </div>
      ) : (
        <div className="gh-stack">
          <Select
            label="The old secret goes on for"
            description={
              mustEnd
                ? 'Two secrets are live already, so both must end now.'
                : 'Long enough for you to give the new one to whatever uses it.'
            }
            data={OVERLAPS.map((seconds) => ({
              value: String(seconds),
              label: seconds === 0 ? 'It ends at once' : formatDuration(seconds),
            }))}
            value={String(overlap)}
            disabled={mustEnd}
            allowDeselect={false}
            onChange={(value) => setOverlap(Number(value))}
          />
          {overlap === 0 ? (
            <Note tone="warn" title="Whatever uses it now is locked out until it has the new one.">
              Tokens made with the old secret end too. Last used: <When at={lastUsedAt} />.
            </Note>
          ) : (
            <Note tone="quiet">Afterwards this page shows whether the old one has gone quiet.</Note>
          )}
          <ErrorNote error={error} />
          <div className="gh-dialog-actions">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button loading={isBusy} onClick={() => void rotate()} color={overlap === 0 ? 'red.9' : undefined}>
              Make a new secret
            </Button>
          </div>
        </div>
      )}
    </Modal>
  );
}
