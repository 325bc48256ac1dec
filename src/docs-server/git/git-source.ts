import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { posix } from 'node:path';
import { promisify } from 'node:util';
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

export interface GitSourceOptions extends GitSettings {
  /** Where the repository is checked out. */
  readonly dir: string;
  readonly findAddresses: FindAddresses;
  readonly onPull: () => void;
  readonly onFault: (fault: string) => void;
}

const DEFAULT_INTERVAL_S = 300;
const MIN_INTERVAL_S = 30;
const TIMEOUT_MS = 5 * 60_000;
const MAX_OUTPUT = 64 * 1024;
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
  private commit: string | null = null;
  private pulledAt: number | null = null;
  private fault: string | null = null;

  constructor(private readonly options: GitSourceOptions) {
    const seconds = Math.max(MIN_INTERVAL_S, options.intervalSeconds ?? DEFAULT_INTERVAL_S);
    this.task = new BackgroundTask(() => this.pull(), seconds * 1000);
  }

  start(): void {
    this.task.start();
    this.task.wake();
  }

  /** Pulls now. */
  wake(): void {
    this.task.wake();
  }

  async stop(): Promise<void> {
    this.aborter.abort();
    await this.task.stop();
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
      if (this.commit !== before) this.options.onPull();
    } catch (error) {
      if (this.aborter.signal.aborted) return;
      const fault = faultOf(error);
      if (fault !== this.fault) this.options.onFault(`${this.options.url}: ${fault}`);
      this.fault = fault;
    }
  }

  private async fetch(): Promise<string> {
    const { url, branch = 'HEAD', dir, findAddresses } = this.options;
    if (!isBranchName(branch)) throw new Error('the branch has no name that Git knows');
    const addresses = await findAddresses(url);
    mkdirSync(dir, { recursive: true });
    await this.git(['init', '--quiet']);
    const pinned = pin(new URL(url), addresses);
    await this.git([...pinned, 'fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--force', url, branch]);
    await this.git(['checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD']);
    await this.git(['clean', '--quiet', '-ffdx']);
    return (await this.git(['rev-parse', 'HEAD'])).trim();
  }

  private async git(args: readonly string[]): Promise<string> {
    const { dir, url } = this.options;
    const { stdout } = await run('git', [...SAFE, ...args], {
      cwd: dir,
      env: environment(dir, new URL(url).protocol.replace(':', '')),
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT,
      signal: this.aborter.signal,
      killSignal: 'SIGKILL',
    });
    return stdout;
  }
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
  const { stderr, code, killed, message } = error as { stderr?: string; code?: unknown; killed?: boolean; message: string };
  if (killed) return 'it took longer than five minutes';
  if (code === 'ENOENT') return 'there is no git command on this machine';
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? message.split('\n', 1)[0] ?? '').replace(/^fatal: /, '').slice(0, 300);
}
