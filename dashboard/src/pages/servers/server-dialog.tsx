import { Button, Modal, useMatches } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, body, type Schemas, type Versioned } from '../../api/client.js';
import { ApiProblem, changedMeanwhile, NoAnswer } from '../../api/problem.js';
import { readServer, type Server, serversQuery, type ServerTest, useServerTools } from '../../api/servers.js';
import { clashesOf, Conflict, resolve } from '../../parts/conflict.js';
import { ErrorNote } from '../../parts/notes.js';
import { toast } from '../../parts/toast.js';
import { useAct, useRefresh } from '../../parts/use-act.js';
import { useDraft } from '../../parts/use-draft.js';
import {
  creationOf,
  differenceOf,
  draftOf,
  EMPTY_SERVER,
  faultsOf,
  NO_SECRETS,
  type Secrets,
  type ServerDraft,
  type ServerFaults,
  toServerFaults,
  upstreamOf,
} from './draft.js';
import { TestResult } from './test-result.js';
import { ServerFields } from './server-fields.js';

/** What is written, what it was written on, and what makes a lost creation repeatable. */
interface Edit {
  readonly mine: ServerDraft;
  readonly base: ServerDraft;
  readonly etag: string;
  readonly key: string;
}

const LABELS: Readonly<Partial<Record<keyof ServerDraft, string>>> = {
  name: 'Name',
  description: 'Description',
  access: 'Who may come',
  kind: 'Kind',
  url: 'URL',
  authType: 'What Gatehouse shows to it',
  tokenUrl: 'Token endpoint',
  clientId: 'Client id',
  scope: 'Scope upstream',
  resource: 'Resource upstream',
  audience: 'Audience upstream',
  command: 'Command',
  args: 'Further arguments',
  pagesFrom: 'Where its pages come from',
  dir: 'Folder',
  gitUrl: 'Repository',
  gitBranch: 'Branch',
  gitPath: 'Folder in the repository',
  gitInterval: 'Seconds between pulls',
  gitSignsIn: 'Signs in to the repository',
  gitUsername: 'User at the Git host',
  members: 'Members',
  scopes: 'Scopes',
  limits: 'Limits',
  tokenTtl: 'Token lifetime (seconds)',
  isDefault: 'Default server',
};

/** Puts a server behind the door, or changes one. */
export function ServerDialog({ read, onClose }: { readonly read?: Versioned<Server>; readonly onClose: () => void }): ReactElement {
  const isFullScreen = useMatches({ base: true, sm: false });
  return (
    <Modal
      opened
      onClose={onClose}
      title={read ? `Edit ${read.value.name}` : 'New server'}
      size={720}
      fullScreen={isFullScreen}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <ServerForm read={read} onClose={onClose} />
    </Modal>
  );
}

interface FormProps {
  readonly read: Versioned<Server> | undefined;
  readonly onClose: () => void;
}

function ServerForm({ read, onClose }: FormProps): ReactElement {
  const form = useServerForm(read, onClose);
  const { edit, change, secrets, faults, trial } = form;
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void form.save(edit);
  };
  return (
    <>
      <form onSubmit={submit} noValidate>
        <ServerFields
          draft={edit.mine}
          change={(part) => change({ mine: { ...edit.mine, ...part } })}
          secrets={secrets}
          onSecrets={form.onSecrets}
          faults={faults}
          servers={form.servers}
          tools={form.tools}
          {...(read ? { stored: read.value } : {})}
        />
        <div className="gh-create-foot">
          {trial.test ? <TestResult test={trial.test} /> : null}
          <ErrorNote error={trial.error} />
          {Object.keys(faults).length > 0 ? null : <ErrorNote error={form.error} />}
          <div className="gh-dialog-actions">
            <Button variant="default" onClick={form.done}>
              {read ? 'Discard changes' : 'Discard'}
            </Button>
            <Button variant="default" loading={trial.isBusy} onClick={() => void trial.run()}>
              Test connection
            </Button>
            <Button type="submit" loading={form.isBusy}>
              {read ? 'Save' : 'Create server'}
            </Button>
          </div>
        </div>
      </form>
      {form.theirs ? (
        <Conflict
          clashes={clashesOf({ base: edit.base, mine: edit.mine, theirs: draftOf(form.theirs.value) }, LABELS)}
          onClose={form.leaveConflict}
          onResolve={form.takeOver}
        />
      ) : null}
    </>
  );
}

/** The form's draft and secrets, its trial, and how it is saved. */
function useServerForm(read: Versioned<Server> | undefined, onClose: () => void) {
  const slug = read?.value.slug;
  const present = read ? draftOf(read.value) : EMPTY_SERVER;
  const initial: Edit = { mine: present, base: present, etag: read?.etag ?? '', key: '' };
  const [edit, change, forget] = useDraft<Edit>(slug === undefined ? 'new-server' : `server-${slug}`, initial);
  const [secrets, setSecrets] = useState<Secrets>(NO_SECRETS);
  const servers = useQuery(serversQuery).data?.items ?? [];
  const stored = useServerTools(slug ?? '');
  const trial = useTrial(slug, edit.mine, secrets);
  const done = (): void => {
    forget();
    onClose();
  };
  const saving = useSave({ read, edit, secrets, change, done });
  const takeOver = (kept: ReadonlySet<keyof ServerDraft>): void => {
    if (!saving.theirs) return;
    const base = draftOf(saving.theirs.value);
    const next = { ...edit, mine: resolve(edit.mine, base, kept), base, etag: saving.theirs.etag };
    change(next);
    void saving.save(next);
  };
  return {
    ...saving,
    edit,
    change,
    secrets,
    onSecrets: (part: Partial<Secrets>): void => setSecrets((before) => ({ ...before, ...part })),
    servers,
    tools: trial.test?.ok === true ? (trial.test.tools?.items ?? []) : stored,
    trial,
    done,
    takeOver,
  };
}

/** Connects to what the form describes, before it is stored. */
function useTrial(slug: string | undefined, mine: ServerDraft, secrets: Secrets) {
  const [test, setTest] = useState<ServerTest | null>(null);
  const { run, isBusy, error } = useAct((upstream: Upstream) =>
    slug === undefined
      ? body(api.POST('/api/v1/servers/test', { body: { upstream } }))
      : body(api.POST('/api/v1/servers/{slug}/test', { params: { path: { slug } }, body: { upstream } })),
  );
  return {
    test,
    isBusy,
    error,
    run: async (): Promise<void> => {
      setTest(null);
      setTest((await run(upstreamOf(mine, secrets))) ?? null);
    },
  };
}

type Upstream = Schemas['CreateServerDto']['upstream'];

interface SaveInput {
  readonly read: Versioned<Server> | undefined;
  readonly edit: Edit;
  readonly secrets: Secrets;
  readonly change: (part: Partial<Edit>) => void;
  readonly done: () => void;
}

function useSave({ read, edit, secrets, change, done }: SaveInput) {
  const navigate = useNavigate();
  const refresh = useRefresh();
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Versioned<Server> | null>(null);
  const refused = error instanceof ApiProblem ? toServerFaults(error.faults) : {};
  const faults: ServerFaults = { ...refused, ...(isTried ? faultsOf(edit.mine) : {}) };

  const create = async ({ mine }: Edit): Promise<void> => {
    const key = edit.key || crypto.randomUUID();
    change({ key });
    const { slug } = await body(
      api.POST('/api/v1/servers', { params: { header: { 'Idempotency-Key': key } }, body: creationOf(mine, secrets) }),
    );
    done();
    await navigate(`/servers/${slug}?test`);
  };
  const update = async (slug: string, { mine, base, etag }: Edit): Promise<void> => {
    const params = { path: { slug }, header: { 'If-Match': etag } };
    await api.PATCH('/api/v1/servers/{slug}', { params, body: differenceOf(mine, base, secrets) });
    toast.done('Saved. It counts at once; calls under way finish as they began.');
    done();
  };
  const fail = async (failure: unknown): Promise<void> => {
    if (!(failure instanceof NoAnswer)) change({ key: '' });
    const isStale = failure instanceof ApiProblem && failure.code === 'precondition_failed';
    const newer = isStale && read ? await readServer(read.value.slug).catch(() => null) : null;
    setTheirs(newer);
    setError(newer ? changedMeanwhile() : failure);
    setBusy(false);
  };
  const save = async (next: Edit): Promise<void> => {
    setTried(true);
    setTheirs(null);
    if (Object.keys(faultsOf(next.mine)).length > 0) return;
    setBusy(true);
    setError(null);
    try {
      await (read ? update(read.value.slug, next) : create(next));
      refresh(['servers'], ['overview']);
    } catch (failure) {
      await fail(failure);
    }
  };
  return { save, faults, error, isBusy, theirs, leaveConflict: () => setTheirs(null) };
}
