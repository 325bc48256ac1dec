import { Button, Modal, useMatches } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, type ReactElement, useState } from 'react';
import { api, type Versioned, versioned } from '../../api/client.js';
import { type Credential, credentialQuery } from '../../api/credentials.js';
import { ApiProblem, changedMeanwhile } from '../../api/problem.js';
import { type Server, serversQuery } from '../../api/servers.js';
import { clashesOf, Conflict, resolve } from '../../parts/conflict.js';
import { ErrorNote } from '../../parts/notes.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useDraft } from '../../parts/use-draft.js';
import { useRefresh } from '../../parts/use-act.js';
import { CredentialFields } from './credential-fields.js';
import { differenceOf, type CredentialDraft, type DraftFaults, draftOf, faultsOf, toDraftFaults } from './draft.js';
import { Preview } from './preview.js';

/** What is being written, and what it was written on: a reload must not make an old form look like a new one. */
interface Edit {
  readonly mine: CredentialDraft;
  readonly base: CredentialDraft;
  readonly etag: string;
}

const LABELS: Readonly<Partial<Record<keyof CredentialDraft, string>>> = {
  label: 'Label',
  servers: 'Servers',
  hasDefaultScopes: 'Default scopes',
  scopes: 'Scopes',
  permissions: 'Tools',
  tokenTtl: 'Token lifetime (seconds)',
  expiresAt: 'The credential ends',
  allowedIps: 'Allowed addresses',
  tokensPerHour: 'Token requests an hour',
  docsGroups: 'Reader groups',
  observe: 'Observe mode',
  observeUntil: 'Observe mode ends',
  grantTypes: 'Grants',
  issueRefreshToken: 'Refresh tokens',
  strictScope: 'Refuse what it cannot have',
  dpopRequired: 'Require DPoP',
  certificateBound: 'Bound to its certificate',
  introspects: 'May introspect tokens of',
  acceptTokenEndpointAudience: 'Token endpoint as audience',
  allowAssertionReuse: 'Reuse of assertions',
  singleUseAssertion: 'Each platform token counts once',
  jwks: 'Public keys',
  jwksUri: 'URL of its JWK Set',
  issuer: 'Issuer',
  subject: 'Subject',
  audience: 'Audience',
  claims: 'Further claims',
  tlsValue: 'Certificate',
};

export function EditDialog({ read, onClose }: { readonly read: Versioned<Credential>; readonly onClose: () => void }): ReactElement {
  const servers = useQuery(serversQuery);
  const isFullScreen = useMatches({ base: true, sm: false });
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Edit ${read.value.label}`}
      size={900}
      fullScreen={isFullScreen}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {servers.isPending ? <BlockSkeleton height={320} /> : null}
      <ErrorNote error={servers.error} retry={() => void servers.refetch()} />
      {servers.data ? <EditForm read={read} servers={servers.data.items} onClose={onClose} /> : null}
    </Modal>
  );
}

interface FormProps {
  readonly read: Versioned<Credential>;
  readonly servers: readonly Server[];
  readonly onClose: () => void;
}

function EditForm({ read, servers, onClose }: FormProps): ReactElement {
  const { id } = read.value;
  const present = draftOf(read.value);
  const [edit, change, forget] = useDraft<Edit>(`credential-${id}`, { mine: present, base: present, etag: read.etag });
  const done = (): void => {
    forget();
    onClose();
  };
  const { save, faults, error, isBusy, theirs, leaveConflict } = useSave(id, edit, done);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void save(edit);
  };
  const takeOver = (kept: ReadonlySet<keyof CredentialDraft>): void => {
    if (!theirs) return;
    const base = draftOf(theirs.value);
    const mine = resolve(edit.mine, base, kept);
    const next = { mine, base, etag: theirs.etag };
    change(next);
    void save(next);
  };
  return (
    <>
      <form onSubmit={submit} noValidate>
        <div className="gh-create">
          <CredentialFields
            draft={edit.mine}
            change={(part) => change({ mine: { ...edit.mine, ...part } })}
            faults={faults}
            servers={servers}
            isMethodFixed
          />
          <Preview draft={edit.mine} servers={servers} />
        </div>
        <div className="gh-create-foot">
          {Object.keys(faults).length > 0 ? null : <ErrorNote error={error} />}
          <div className="gh-dialog-actions">
            <Button variant="default" onClick={done}>
              Discard changes
            </Button>
            <Button type="submit" loading={isBusy}>
              Save
            </Button>
          </div>
        </div>
      </form>
      {theirs ? (
        <Conflict
          clashes={clashesOf({ base: edit.base, mine: edit.mine, theirs: draftOf(theirs.value) }, LABELS)}
          onClose={leaveConflict}
          onResolve={takeOver}
        />
      ) : null}
    </>
  );
}

function useSave(id: string, edit: Edit, done: () => void) {
  const client = useQueryClient();
  const refresh = useRefresh();
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Versioned<Credential> | null>(null);
  const refused = error instanceof ApiProblem ? toDraftFaults(error.faults) : {};
  const faults: DraftFaults = { ...refused, ...(isTried ? faultsOf(edit.mine) : {}) };
  const path = { path: { id } };

  const save = async ({ mine, base, etag }: Edit): Promise<void> => {
    setTried(true);
    setTheirs(null);
    if (Object.keys(faultsOf(mine)).length > 0) return;
    setBusy(true);
    setError(null);
    try {
      const params = { ...path, header: { 'If-Match': etag } };
      client.setQueryData(
        credentialQuery(id).queryKey,
        await versioned(api.PATCH('/api/v1/credentials/{id}', { params, body: differenceOf(mine, base) })),
      );
      refresh(['credentials']);
      toast.done('Saved. It counts at once, also for live tokens.');
      done();
    } catch (failure) {
      if (failure instanceof ApiProblem && failure.code === 'precondition_failed') {
        const theirs = await versioned(api.GET('/api/v1/credentials/{id}', { params: path })).catch(() => null);
        setTheirs(theirs);
        setError(theirs ? changedMeanwhile() : failure);
      } else setError(failure);
      setBusy(false);
    }
  };
  return { save, faults, error, isBusy, theirs, leaveConflict: () => setTheirs(null) };
}
