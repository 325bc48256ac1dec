import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { BackgroundTask } from '../../common/background-task.js';

/** Where a documentation comes from, if not from a folder of this machine. */
export interface GitSettings {
  /** `https://` and, where EGRESS_ALLOW names its addresses, `http://`. */
  readonly url: string;
  /** Or a tag; absent for the default branch. */
  readonly branch?: string | undefined;
  /** The folder of the repository that holds the documentation. */
  readonly path?: string | undefined;
  readonly intervalSeconds?: number | undefined;
  readonly auth?: GitAuth | undefined;
}

/** What the host is signed in to with (Basic). */
export interface GitAuth {
  readonly username: string;
  /** An access token, or a password. */
  readonly token: string;
}

/** Judges a URL; gives the addresses that it may be reached at. @throws where it may not be. */
export type FindAddresses = (url: string) => Promise<readonly string[]>;

export interface GitStatus {
  readonly url: string;
  readonly branch: string | null;
  /** What is served. */
  readonly commit: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly pulledAt: number | null;
  /** Why the last pull failed. */
  readonly fault: string | null;
}

/** What may change while a repository is followed. */
export type FollowSettings = Pick<GitSettings, 'auth' | 'intervalSeconds'>;

export interface GitSourceOptions extends GitSettings {
  /** Where the repository is checked out. */
  readonly dir: string;
  readonly findAddresses: FindAddresses;
  /** Told of a new state, which stays until this is through. */
  readonly onPull: () => void | Promise<void>;
  readonly onFault: (fault: string) => void;
}

/** From one pull to the next, unless the settings say otherwise. */
export const DEFAULT_INTERVAL_S = 300;
const MIN_INTERVAL_S = 30;
const TIMEOUT_MS = 5 * 60_000;
const MAX_OUTPUT = 64 * 1024;
/** Two or three for each pack. */
const MAX_PACK_FILES = 100;
const BRANCH = /^(?!-)(?!.*(?:\.\.|@\{|\/\/|\.lock(?:\/|$)))[\w./+-]{1,200}$/;

const run = promisify(execFile);

/** Whether a name may stand for a branch or a tag. */
export const isBranchName = (name: string): boolean => BRANCH.test(name);

/** A folder within a repository, or undefined for a path that leads out of it. */
export function folderIn(path: string | undefined): string | undefined {
  const plain = posix.normalize((path ?? '.').replaceAll('\\', '/').replace(/^\/+/, ''));
  return plain === '..' || plain.startsWith('../') || /(^|\/)\.git(\/|$)/i.test(plain) ? undefined : plain;
}

/**
 * A checkout of a Git repository that follows it: at the start, on a schedule, and when it is woken. The last state that could be
 * had stays. Runs the `git` command without a shell, hooks, submodules, credentials of this machine, or a protocol besides the URL's.
 */
export class GitSource {
  private readonly task: BackgroundTask;
  private readonly aborter = new AbortController();
  private settings: FollowSettings;
  private endFirstPull: () => void = () => undefined;
  private commit: string | null = null;
  private pulledAt: number | null = null;
  private fault: string | null = null;

  /** Resolves when the repository was pulled for the first time, or that has failed. */
  readonly firstPull = new Promise<void>((resolve) => (this.endFirstPull = resolve));

  constructor(private readonly options: GitSourceOptions) {
    this.settings = options;
    this.task = new BackgroundTask(
      () => this.pull(),
      () => Math.max(MIN_INTERVAL_S, this.settings.intervalSeconds ?? DEFAULT_INTERVAL_S) * 1000,
    );
  }

  start(): void {
    if (this.aborter.signal.aborted) return;
    this.task.start();
    this.task.wake();
  }

  /** Pulls now. */
  wake(): void {
    this.task.wake();
  }

  /** Goes on with another token or interval. */
  follow(settings: FollowSettings): void {
    const isOther = !isDeepStrictEqual(this.settings.auth, settings.auth) || this.settings.intervalSeconds !== settings.intervalSeconds;
    this.settings = settings;
    if (isOther) this.task.wake();
  }

  async stop(): Promise<void> {
    this.aborter.abort();
    await this.task.stop();
    this.endFirstPull();
  }

  status(): GitStatus {
    const { url, branch = null } = this.options;
    return { url, branch, commit: this.commit, pulledAt: this.pulledAt, fault: this.fault };
  }

  private async pull(): Promise<void> {
    try {
      const before = this.commit;
      this.commit = await this.fetch();
      this.pulledAt = Date.now();
      this.fault = null;
      if (this.commit !== before) await this.options.onPull();
    } catch (error) {
      if (this.aborter.signal.aborted) return;
      const fault = faultOf(error);
      if (fault !== this.fault) this.options.onFault(`${this.options.url}: ${fault}`);
      this.fault = fault;
    } finally {
      this.endFirstPull();
    }
  }

  private async fetch(): Promise<string> {
    const { url, branch = 'HEAD', dir, findAddresses } = this.options;
    if (!isBranchName(branch)) throw new Error('the branch has no name that Git knows');
    const addresses = await findAddresses(url);
    requireVersion(await run('git', ['version'], { env: environment(tmpdir(), '') }));
    mkdirSync(dir, { recursive: true });
    removeLocks(dir);
    await this.git(['init', '--quiet']);
    const pinned = pin(new URL(url), addresses);
    await this.git(
      [...pinned, 'fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--force', url, branch],
      this.signIn(),
    );
    return this.checkOut(dir);
  }

  private async checkOut(dir: string): Promise<string> {
    try {
      await this.git(['checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD']);
      await this.git(['clean', '--quiet', '-ffdx']);
      if (readdirSync(join(dir, '.git/objects/pack')).length > MAX_PACK_FILES) await this.git(['gc', '--quiet', '--prune=now']);
      return (await this.git(['rev-parse', 'HEAD'])).trim();
    } catch (error) {
      // Nothing of the network is in this: what is here is broken, and is had anew the next time. The files stay.
      if (!this.aborter.signal.aborted) rmSync(join(dir, '.git'), { recursive: true, force: true });
      throw error;
    }
  }

  /** Neither among the arguments, which every user of the machine may see, nor in a file. */
  private signIn(): NodeJS.ProcessEnv {
    const { auth } = this.settings;
    if (!auth) return {};
    const basic = Buffer.from(`${auth.username}:${auth.token}`).toString('base64');
    return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}` };
  }

  private async git(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
    const { dir, url } = this.options;
    const { stdout } = await run('git', [...SAFE, ...args], {
      cwd: dir,
      env: { ...environment(dir, new URL(url).protocol.replace(':', '')), ...more },
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT,
      signal: this.aborter.signal,
      killSignal: 'SIGKILL',
    });
    return stdout;
  }
}

/** The one that can be told the addresses to connect to. */
const OLDEST = { major: 2, minor: 37 };

function requireVersion({ stdout }: { stdout: string }): void {
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return;
  throw new Error(`the git command is too old: ${OLDEST.major}.${OLDEST.minor} is needed`);
}

/** What a git that was killed has left behind: nobody else works in here. */
function removeLocks(dir: string): void {
  for (const name of ['index.lock', 'shallow.lock', 'config.lock', 'HEAD.lock', 'gc.pid']) rmSync(join(dir, '.git', name), { force: true });
}

/** Nothing of a repository is run, and no redirect is followed: its target was not judged. */
const SAFE = [
  ...['-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'core.fsmonitor=false'],
  ...['-c', 'http.followRedirects=false'],
  ...['-c', 'http.lowSpeedLimit=1000'],
  ...['-c', 'http.lowSpeedTime=30'],
  ...['-c', 'credential.helper='],
  ...['-c', 'submodule.recurse=false'],
  ...['-c', 'core.logAllRefUpdates=false'],
  // One pack for each pull, which are put together when there are many.
  ...['-c', 'fetch.unpackLimit=1'],
  ...['-c', 'gc.auto=0'],
];

/** The connection goes to the very addresses that were judged, whatever DNS says by then. */
function pin(url: URL, addresses: readonly string[]): string[] {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const list = addresses.map((address) => (address.includes(':') ? `[${address}]` : address)).join(',');
  return addresses.length === 0 ? [] : ['-c', `http.curloptResolve=${url.hostname}:${port}:${list}`];
}

/** Nothing of this process's environment but where programs are: it holds secrets, and settings that are not meant for this. */
const environment = (dir: string, protocol: string): NodeJS.ProcessEnv => ({
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: dir,
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CEILING_DIRECTORIES: dir,
  GIT_ALLOW_PROTOCOL: protocol,
  GIT_LFS_SKIP_SMUDGE: '1',
  GIT_DISCOVERY_ACROSS_FILESYSTEM: '0',
});

/** The last line that Git wrote says why; anything else is said by its own message. */
function faultOf(error: unknown): string {
  const { stderr = '', code, killed, message } = error as { stderr?: string; code?: unknown; killed?: boolean; message: string };
  if (killed) return 'it took longer than five minutes';
  if (code === 'ENOENT') return 'there is no git command on this machine';
  if (SIGN_IN.test(stderr)) return 'the host asks for a user name and token, or does not accept those that it was given';
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? message.split('\n', 1)[0] ?? '').replace(/^fatal: /, '').slice(0, 300);
}

const SIGN_IN = /could not read (Username|Password)|Authentication failed|The requested URL returned error: 40[13]/;
