import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DocsLibrary } from './docs-library.js';
import { docsName, toolSuffix } from './docs-name.js';
import { DocsTexts } from './docs-texts.js';
import { DocsUpstream } from './docs-upstream.js';
import type { KeepFeedback } from './feedback-tool.js';
import { type FindAddresses, folderIn, type GitSettings, GitSource } from './git/git-source.js';
import { checkoutOf } from './index/claim-index.js';
import type { FileWarning } from './index/store.js';
import type { SessionIdParts } from './session-ids.js';
import { ShellThreads } from './shell/shell-threads.js';

export interface DocsOptions {
  /** The folder; not used where there is a repository. */
  readonly dir: string;
  readonly git?: (GitSettings & { readonly findAddresses: FindAddresses }) | undefined;
  readonly name?: string | undefined;
  readonly allPublic: boolean;
  /** Where its index is kept, and beside it the checkout of its repository; one for each key. */
  readonly indexFile: string;
  /** Where a page can be read. */
  readonly linkTo: (path: string) => string;
  readonly keepFeedback: KeepFeedback;
  readonly sessions?: SessionIdParts | undefined;
}

/** A documentation server that is open. */
export interface OpenDocs {
  readonly name: string;
  readonly upstream: DocsUpstream;
  readonly library: DocsLibrary;
  readonly texts: DocsTexts;
  readonly git: GitSource | undefined;
  /** What it tells of itself to everybody. */
  readonly publicFace: { readonly tools: readonly object[]; readonly capabilities: object };
  /** Whether its repository has not been pulled yet, nor has that failed. */
  readonly isStarting: boolean;
  /** What is wrong with its folder as a whole; a folder of a repository is named as it is there. */
  readonly faults: readonly FileWarning[];
  /** What keeps it from following its source, in plain words. */
  readonly fault: string | undefined;
  /** The same when it has looked for the first time. */
  findFault(): Promise<string | undefined>;
  /** Pulls, where there is a repository, and looks at the folder. */
  refresh(): void;
}

/** How a documentation server does. */
export interface DocsState {
  /** With a fault, what was there before is served. */
  readonly isServing: boolean;
  /** When its folder was last looked at or its repository last pulled, in milliseconds since the Unix epoch. */
  readonly checkedAt: number;
  readonly fault: string | undefined;
}

type SharedDocs = OpenDocs & { users: number };

/** The documentation servers of this process, one for each key. Opening indexes in the background. */
@Injectable()
export class DocsServers implements OnApplicationShutdown {
  private readonly logger = new Logger('Docs');
  private readonly opened = new Map<string, SharedDocs>();
  private readonly shell = new ShellThreads();

  /**
   * The server under this key, made on first use; later only a repository's token and interval are taken over. It stays until it was
   * closed as often as it was opened.
   */
  open(key: string, options: DocsOptions): OpenDocs {
    const open = this.opened.get(key) ?? this.make(options);
    open.users++;
    // What was there before is looked at before a pull exchanges it.
    if (open.users === 1) void open.library.look().then(() => open.git?.start());
    else if (options.git) open.git?.follow(options.git);
    // The last one is the one that counts.
    this.opened.delete(key);
    this.opened.set(key, open);
    return open;
  }

  /** The newest whose key begins with this one, where there is any. */
  find(key: string): OpenDocs | undefined {
    return [...this.opened].findLast(([other]) => other === key || other.startsWith(`${key} `))?.[1];
  }

  /** The names of a server's tools; none where it is not open. */
  toolNames(key: string): readonly string[] {
    return this.find(key)?.upstream.toolNames ?? [];
  }

  /** How the newest under this key does; undefined where that is not known yet. */
  stateOf(key: string): DocsState | undefined {
    const open = this.find(key);
    const { pages, indexedAt } = open?.library.status() ?? { pages: 0, indexedAt: null };
    if (!open || indexedAt === null || (pages === 0 && open.isStarting)) return undefined;
    const { fault } = open;
    // A pull that brings nothing new is followed by no look.
    const checkedAt = Math.max(indexedAt, open.git?.status().pulledAt ?? 0);
    return { isServing: pages > 0 || fault === undefined, checkedAt, fault };
  }

  /** Whether one of them has a fault that keeps it from following its source. */
  get faults(): number {
    return [...this.opened.values()].filter(({ fault }) => fault !== undefined).length;
  }

  /** Ends a server that nobody has open any more. */
  async close(key: string): Promise<void> {
    const open = this.opened.get(key);
    if (!open || --open.users > 0) return;
    this.opened.delete(key);
    await end(open);
  }

  async onApplicationShutdown(): Promise<void> {
    const opened = [...this.opened.values()];
    this.opened.clear();
    await Promise.all([...opened.map(end), this.shell.close()]);
  }

  private make({ dir, git, name, allPublic, indexFile, linkTo, keepFeedback, sessions }: DocsOptions): SharedDocs {
    const warn = (warning: string): void => this.logger.warn(warning);
    const folder = git ? (index: string) => join(checkoutOf(index), folderIn(git.path) ?? '.') : dir;
    const library = new DocsLibrary({ dir: folder, allPublic, indexFile, warn, isWatched: !git });
    // A repository may not be there yet, and its folder's name says nothing.
    const title = docsName(library.dir, name ?? (git ? repositoryName(git.url) : undefined));
    const onError = (error: Error): void => this.logger.debug(error.message);
    const look = (): Promise<void> => library.look();
    const source = git && new GitSource({ ...git, dir: checkoutOf(library.indexFile), onPull: look, onFault: warn });
    const place = git && (git.path ?? git.url);
    const sourced = source && library.status().pages === 0 ? source.firstPull : undefined;
    const suffix = toolSuffix(title);
    const upstream = new DocsUpstream({ library, sourced, name: title, suffix, shell: this.shell, keepFeedback, sessions, onError });
    return {
      users: 0,
      name: title,
      upstream,
      library,
      texts: new DocsTexts({ library, name: title, linkTo }),
      git: source,
      get publicFace() {
        return upstream.publicFace;
      },
      get isStarting() {
        return isStarting(source);
      },
      get faults() {
        return faultsOf(library, source, place);
      },
      get fault() {
        return faultOf(library, source, place);
      },
      findFault: async () => {
        await Promise.all([library.ready, sourced]);
        return faultOf(library, source, place);
      },
      refresh: () => (source ? source.wake() : void look()),
    };
  }
}

function isStarting(git: GitSource | undefined): boolean {
  const status = git?.status();
  return status !== undefined && status.fault === null && status.pulledAt === null;
}

/** Where this machine keeps a checkout tells nobody anything. What a repository has not brought yet is not missing. */
function faultsOf(library: DocsLibrary, git: GitSource | undefined, place: string | undefined): FileWarning[] {
  if (isStarting(git)) return [];
  return library.faults.map(({ file, warning }) => ({ file: file === library.dir ? (place ?? file) : file, warning }));
}

function faultOf(library: DocsLibrary, git: GitSource | undefined, place: string | undefined): string | undefined {
  const fault = git?.status().fault;
  if (typeof fault === 'string') return `The repository cannot be pulled: ${fault}.`;
  const [first] = faultsOf(library, git, place);
  return first && `${first.file} ${first.warning}.`;
}

async function end({ git, upstream }: OpenDocs): Promise<void> {
  await git?.stop();
  await upstream.close();
}

const repositoryName = (url: string): string => (url.split('/').at(-1) ?? '').replace(/\.git$/, '');
