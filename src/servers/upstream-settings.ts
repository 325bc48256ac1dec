import { invalidField } from './invalid-field.js';
import type { DocsUpstreamDto, GroupUpstreamDto, HttpUpstreamDto, StdioUpstreamDto, UpstreamDto } from './upstream.dto.js';
import { changeGit } from './docs-git-settings.js';
import { type AuthParts, changeAuth, NO_AUTH } from './upstream-auth-settings.js';
import type { DocsUpstreamSettings, HttpUpstreamSettings, StdioUpstreamSettings, Upstream, UpstreamSecrets } from './upstream.js';

/** Where messages go, and the secrets that belong to it. */
export interface UpstreamParts {
  readonly upstream: Upstream;
  readonly secrets: UpstreamSecrets;
}

/** What decides whether an upstream can be had here. */
export interface UpstreamSurroundings {
  /** Origin of our own URLs. */
  readonly publicUrl: string;
  /** @throws for a URL that outbound requests must not go to. */
  readonly checkUrl: (url: string) => URL;
  /** Why a child must not be run; nothing where it may. */
  readonly stdioFaults: (settings: StdioUpstreamSettings, env: Readonly<Record<string, string>>) => readonly string[];
  /** The absolute path of a folder of documents. @throws where it may not be read. */
  readonly findFolder: (dir: string) => string;
}

/** A text column of MySQL holds 65,535 bytes, and the sealed answer to an Idempotency-Key has to fit into one with all the rest. */
const MAX_BYTES = 16_000;
/** Parameters that hold a secret by their name: a URL is shown, logged and recorded. */
const SECRET_PARAMETER = /key|token|secret|passw|auth|sig|credential|jwt/i;
const OWN_PATHS = /^\/(authed\/)?mcp(\/|$)/;

/**
 * The upstream after a change. What is absent stays, `null` takes away; another kind starts anew. Secrets stay where they are: for
 * another host or command they must be written again, or whoever may change a server could send them to himself.
 * @throws {ProblemError} `validation_failed` for an upstream that cannot be had here.
 */
export function changeUpstream(present: UpstreamParts | undefined, input: UpstreamDto, around: UpstreamSurroundings): UpstreamParts {
  const changed = change(present?.upstream.kind === input.kind ? present : {}, input, around);
  if (Buffer.byteLength(JSON.stringify(changed)) > MAX_BYTES) {
    throw invalidField('upstream', `With its secrets it may have ${MAX_BYTES} bytes.`);
  }
  return changed;
}

function change({ upstream, secrets }: Partial<UpstreamParts>, input: UpstreamDto, around: UpstreamSurroundings): UpstreamParts {
  switch (input.kind) {
    case 'http':
      return changeHttp({ before: upstream as HttpUpstreamSettings | undefined, secrets }, input, around);
    case 'stdio':
      return changeStdio({ before: upstream as StdioUpstreamSettings | undefined, secrets }, input, around);
    case 'docs':
      return changeDocs({ before: upstream as DocsUpstreamSettings | undefined, secrets }, input, around);
    case 'group':
      return { upstream: changeGroup(upstream, input), secrets: {} };
  }
}

interface Before<T> {
  readonly before: T | undefined;
  readonly secrets: UpstreamSecrets | undefined;
}

function changeHttp(
  { before, secrets = {} }: Before<HttpUpstreamSettings>,
  input: HttpUpstreamDto,
  around: UpstreamSurroundings,
): UpstreamParts {
  const url = input.url ?? before?.url;
  if (url === undefined) throw invalidField('upstream.url', 'An http upstream needs a url.');
  const { origin } = checkUpstreamUrl(url, around);
  const stays = before !== undefined && new URL(before.url).origin === origin;
  const known: AuthParts = stays ? { auth: before.auth, secrets } : NO_AUTH;
  if (input.auth) return toHttp(url, changeAuth(known, input.auth, around.checkUrl));
  if (before && before.auth.type !== known.auth.type) {
    throw invalidField('upstream.auth', 'The host changes: say how to sign in there, with the secrets. They do not move along.');
  }
  return toHttp(url, known);
}

const toHttp = (url: string, { auth, secrets }: AuthParts): UpstreamParts => ({ upstream: { kind: 'http', url, auth }, secrets });

function checkUpstreamUrl(text: string, { checkUrl, publicUrl }: UpstreamSurroundings): URL {
  const url = explain('upstream.url', () => checkUrl(text));
  if (url.origin === publicUrl && OWN_PATHS.test(url.pathname)) {
    throw invalidField('upstream.url', 'That is a server of this installation, which would call itself. Use a group instead.');
  }
  const secret = [...url.searchParams.keys()].find((name) => SECRET_PARAMETER.test(name));
  if (secret !== undefined) {
    throw invalidField(
      'upstream.url',
      `The parameter ${secret.slice(0, 64)} looks like a secret, and URLs are shown: use auth of type headers.`,
    );
  }
  return url;
}

function changeStdio(present: Before<StdioUpstreamSettings>, input: StdioUpstreamDto, around: UpstreamSurroundings): UpstreamParts {
  const command = input.command ?? present.before?.command;
  if (command === undefined) throw invalidField('upstream.command', 'A stdio upstream needs a command from STDIO_COMMANDS_FILE.');
  const { args, env } = mergeStdio(present.before?.command === command ? present : undefined, input);
  const upstream = toStdio(command, args, Object.keys(env).sort());
  const faults = around.stdioFaults(upstream, env);
  if (faults.length > 0) throw invalidField('upstream.command', faults.join(' '));
  return { upstream, secrets: upstream.env ? { env } : {} };
}

function mergeStdio(known: Before<StdioUpstreamSettings> | undefined, { args, env }: StdioUpstreamDto) {
  return {
    args: (args === undefined ? known?.before?.args : args) ?? [],
    env: changeEnvironment(env === null ? undefined : known?.secrets?.env, env ?? {}),
  };
}

const toStdio = (command: string, args: readonly string[], env: readonly string[]): StdioUpstreamSettings => ({
  kind: 'stdio',
  command,
  ...(args.length > 0 ? { args } : {}),
  ...(env.length > 0 ? { env } : {}),
});

function changeEnvironment(before: UpstreamSecrets['env'], changed: Readonly<Record<string, string | null>>): Record<string, string> {
  const merged = Object.entries({ ...before, ...changed });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
}

function changeDocs(
  { before, secrets = {} }: Before<DocsUpstreamSettings>,
  { dir, git }: DocsUpstreamDto,
  { findFolder, checkUrl }: UpstreamSurroundings,
): UpstreamParts {
  if (dir && git) throw invalidField('upstream.git', 'A documentation server has either a folder or a repository: leave out the other.');
  if (git) {
    const changed = changeGit(before?.git && { git: before.git, secrets }, git, checkUrl);
    return { upstream: { kind: 'docs', git: changed.git }, secrets: changed.secrets };
  }
  if (dir) return { upstream: { kind: 'docs', dir: explain('upstream.dir', () => findFolder(dir)) }, secrets: {} };
  return before && staysAsItIs(before, { dir, git }) ? { upstream: before, secrets } : { upstream: { kind: 'docs' }, secrets: {} };
}

/** To take away a folder takes nothing from what has a repository, nor the other way round. */
const staysAsItIs = (before: DocsUpstreamSettings, { dir, git }: Pick<DocsUpstreamDto, 'dir' | 'git'>): boolean =>
  (before.git ? git : dir) === undefined;

function changeGroup(before: Upstream | undefined, { members }: GroupUpstreamDto): Upstream {
  if (!members) {
    if (before) return before;
    throw invalidField('upstream.members', 'A group needs members.');
  }
  const slugs = members.map(({ server }) => server);
  if (new Set(slugs).size < slugs.length) throw invalidField('upstream.members', 'Every member may be named once.');
  return { kind: 'group', members: members.map(({ server, prefix }) => (prefix ? { server, prefix } : { server })) };
}

function explain<T>(field: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw invalidField(field, `It cannot be used: ${(error as Error).message}.`);
  }
}
