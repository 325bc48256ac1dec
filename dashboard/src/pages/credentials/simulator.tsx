import { Autocomplete, Button, Select, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { accessQuery, simulate, type Simulation } from '../../api/access.js';
import type { Credential } from '../../api/credentials.js';
import { useServerTools } from '../../api/servers.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { Facts } from '../../parts/page.js';
import { Tags, type Tone } from '../../parts/pill.js';
import { useAct } from '../../parts/use-act.js';

const METHODS = ['tools/call', 'tools/list', 'resources/read', 'resources/list', 'prompts/get', 'prompts/list'];
const SAID: Readonly<Record<Simulation['decision'], readonly [Tone, string]>> = {
  allowed: ['good', 'Allowed.'],
  insufficient_scope: ['warn', 'Refused: its token would need another scope.'],
  arguments_refused: ['bad', 'Refused: not with these arguments.'],
  hidden: ['bad', 'Hidden: it looks like something that does not exist.'],
  no_token: ['bad', 'Refused: it gets no token for this server.'],
};

/** Asks the server, without calling anything, what it would say to one operation. */
export function Simulator({ credential }: { readonly credential: Credential }): ReactElement {
  const [server, setServer] = useState(credential.servers[0] ?? '');
  const [method, setMethod] = useState('tools/call');
  const [target, setTarget] = useState('');
  const [args, setArgs] = useState('');
  const [fault, setFault] = useState<string>();
  const [answer, setAnswer] = useState<Simulation | null>(null);
  const known = useKnownTargets(credential.id, server, method);
  const hasTarget = !method.endsWith('/list');
  const { run, isBusy, error } = useAct(simulate);

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const read = readArguments(args);
    setFault(read === undefined ? 'This is not a JSON object.' : undefined);
    if (read === undefined) return;
    const operation = { method, ...(hasTarget ? { target: target.trim() } : {}), ...(read === null ? {} : { arguments: read }) };
    setAnswer((await run(credential.id, { server, operation })) ?? null);
  };
  return (
    <form className="gh-stack" onSubmit={(event) => void submit(event)}>
      <div className="gh-two">
        <Select
          label="Server"
          data={credential.servers}
          value={server}
          allowDeselect={false}
          onChange={(value) => setServer(value ?? server)}
        />
        <Select label="Operation" data={METHODS} value={method} allowDeselect={false} onChange={(value) => setMethod(value ?? method)} />
      </div>
      {hasTarget ? (
        <Autocomplete
          label="Target"
          placeholder="Name of a tool or prompt, or URI of a resource"
          data={known}
          value={target}
          onChange={setTarget}
        />
      ) : null}
      {method === 'tools/call' ? (
        <Textarea
          label="Arguments"
          description="Empty: whether there are some with which it may be called."
          placeholder="{ }"
          autosize
          minRows={1}
          maxRows={8}
          classNames={{ input: 'gh-mono' }}
          value={args}
          onChange={(event) => setArgs(event.currentTarget.value)}
          error={fault}
        />
      ) : null}
      <div>
        <Button type="submit" variant="default" loading={isBusy} disabled={hasTarget && target.trim() === ''}>
          Ask
        </Button>
      </div>
      <ErrorNote error={error} />
      {answer ? <Answer answer={answer} /> : null}
    </form>
  );
}

function Answer({ answer }: { readonly answer: Simulation }): ReactElement {
  const [tone, title] = SAID[answer.decision];
  return (
    <div className="gh-stack-tight">
      <Note tone={tone} title={answer.observed ? 'Allowed, in observe mode only.' : title} role="status">
        {answer.reason}
        {answer.unmet.map(({ scope, reason }) => (
          <div key={`${scope ?? ''} ${reason}`}>
            {scope ?? 'Its own permissions'}: {reason}
          </div>
        ))}
      </Note>
      <Facts
        facts={[
          ['Its token would hold', <Tags key="s" values={answer.scopes} />],
          ...(answer.missingScopes.length > 0
            ? [['It would have to ask for', <Tags key="m" values={answer.missingScopes} />] as const]
            : []),
          ...(answer.status === null ? [] : [['It would get', `HTTP ${answer.status}`] as const]),
        ]}
      />
    </div>
  );
}

/** Nothing, an object, or undefined for what is neither. */
function readArguments(text: string): Record<string, unknown> | null | undefined {
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What can be named: of tools all that the server has, of the rest what the credential may reach. */
function useKnownTargets(id: string, slug: string, method: string): string[] {
  const tools = useServerTools(slug);
  const access = useQuery(accessQuery(id)).data?.servers.find(({ server }) => server === slug);
  if (method === 'tools/call') return (tools ?? access?.tools ?? []).map(({ name }) => name);
  if (method === 'prompts/get') return (access?.prompts ?? []).map(({ name }) => name);
  return method === 'resources/read' ? (access?.resources ?? []).map(({ name }) => name) : [];
}
