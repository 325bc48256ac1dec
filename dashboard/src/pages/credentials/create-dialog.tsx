import { Button, Modal, useMatches } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, body } from '../../api/client.js';
import type { NewCredential } from '../../api/credentials.js';
import { ApiProblem, NoAnswer } from '../../api/problem.js';
import { type Server, serversQuery } from '../../api/servers.js';
import { ErrorNote } from '../../parts/notes.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { useDraft } from '../../parts/use-draft.js';
import { useRefresh } from '../../parts/use-act.js';
import { CredentialFields } from './credential-fields.js';
import { creationOf, type CredentialDraft, type DraftFaults, EMPTY_DRAFT, faultsOf, toDraftFaults } from './draft.js';
import { NewSecret } from './new-secret.js';
import { Preview } from './preview.js';

/**
 * The draft with what makes its creation repeatable: a key that was sent and not answered is sent again after a reload, and
 * the server then gives the same answer, secret included, instead of making a second credential.
 */
interface CreationDraft extends CredentialDraft {
  readonly key: string;
  readonly isSent: boolean;
}

export function CreateDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const servers = useQuery(serversQuery);
  const [made, setMade] = useState<NewCredential | null>(null);
  const isFullScreen = useMatches({ base: true, sm: false });
  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? made.label : 'New credential'}
      size={made ? 760 : 900}
      fullScreen={isFullScreen}
      closeOnClickOutside={false}
      closeOnEscape={!made}
      withCloseButton={!made}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {servers.isPending ? <BlockSkeleton height={320} /> : null}
      <ErrorNote error={servers.error} retry={() => void servers.refetch()} />
      {servers.data && !made ? <CreateForm servers={servers.data.items} onMade={setMade} onClose={onClose} /> : null}
      {servers.data && made ? <Made credential={made} servers={servers.data.items} onClose={onClose} /> : null}
    </Modal>
  );
}

interface CreateFormProps {
  readonly servers: readonly Server[];
  readonly onMade: (credential: NewCredential) => void;
  readonly onClose: () => void;
}

function CreateForm({ servers, onMade, onClose }: CreateFormProps): ReactElement {
  const initial = { ...EMPTY_DRAFT, servers: servers.filter(({ isDefault }) => isDefault).map(({ slug }) => slug), key: '', isSent: false };
  const [draft, change, forget] = useDraft<CreationDraft>('new-credential', initial);
  const { faults, error, isBusy, create } = useCreation(draft, change, onMade);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void create();
  };
  const discard = (): void => {
    forget();
    onClose();
  };
  return (
    <form onSubmit={submit} noValidate>
      <div className="gh-create">
        <CredentialFields draft={draft} change={change} faults={faults} servers={servers} />
        <Preview draft={draft} servers={servers} />
      </div>
      <div className="gh-create-foot">
        {Object.keys(faults).length > 0 && error instanceof ApiProblem ? null : <ErrorNote error={error} />}
        <div className="gh-dialog-actions">
          <Button variant="default" onClick={discard}>
            Discard
          </Button>
          <Button type="submit" loading={isBusy}>
            Create credential
          </Button>
        </div>
      </div>
    </form>
  );
}

function useCreation(draft: CreationDraft, change: (part: Partial<CreationDraft>) => void, onMade: (credential: NewCredential) => void) {
  const refresh = useRefresh();
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const refused = error instanceof ApiProblem ? toDraftFaults(error.faults) : {};
  const faults: DraftFaults = { ...refused, ...(isTried ? faultsOf(draft) : {}) };

  const create = async (): Promise<void> => {
    setTried(true);
    if (Object.keys(faultsOf(draft)).length > 0) return;
    const key = draft.key || crypto.randomUUID();
    change({ key, isSent: true });
    setBusy(true);
    setError(null);
    try {
      const header = { 'Idempotency-Key': key };
      const made = await body(api.POST('/api/v1/credentials', { params: { header }, body: creationOf(draft) }));
      refresh(['credentials']);
      onMade(made);
    } catch (failure) {
      // A refusal made nothing: the next attempt is another one. Without an answer it may have been made, and must stay the same.
      if (!(failure instanceof NoAnswer)) change({ key: '', isSent: false });
      setError(failure);
      setBusy(false);
    }
  };

  const resume = useRef(draft.isSent ? create : undefined);
  useEffect(() => {
    const again = resume.current;
    resume.current = undefined;
    void again?.();
  }, []);
  return { faults, error, isBusy, create };
}

interface MadeProps {
  readonly credential: NewCredential;
  readonly servers: readonly Server[];
  readonly onClose: () => void;
}

function Made({ credential, servers, onClose }: MadeProps): ReactElement {
  const navigate = useNavigate();
  const [, , forget] = useDraft('new-credential', {});
  const done = (): void => {
    forget();
    onClose();
    void navigate(`/credentials/${credential.id}`);
  };
  return (
    <div className="gh-stack">
      <NewSecret credential={credential} servers={servers} />
      <div className="gh-dialog-actions">
        <Button onClick={done} data-autofocus>
          {credential.clientSecret === undefined ? 'Done' : 'I have kept the secret'}
        </Button>
      </div>
    </div>
  );
}
