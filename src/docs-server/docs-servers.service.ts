import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DocsLibrary } from './docs-library.js';
import { docsName, toolSuffix } from './docs-name.js';
import { DocsTexts } from './docs-texts.js';
import { DocsUpstream } from './docs-upstream.js';
import type { KeepFeedback } from './feedback-tool.js';
import { type FindAddresses, folderIn, type GitSettings, GitSource } from './git/git-source.js';
import { ShellThreads } from './shell/shell-threads.js';

export interface DocsOptions {
  /** The folder; not used where there is a repository. */
  readonly dir: string;
  readonly git?: (GitSettings & { readonly findAddresses: FindAddresses }) | undefined;
  readonly name?: string | undefined;
  readonly allPublic: boolean;
  /** Where its index is kept, and beside it the checkout of its repository. */
  readonly indexFile: string;
  /** Scheme and host of the site that its pages stand on. */
  readonly siteUrl: string;
  readonly keepFeedback: KeepFeedback;
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
  /** Pulls, where there is a repository, and looks at the folder. */
  refresh(): void;
}

/** The documentation servers of this process, one for each key. Opening indexes in the background. */
@Injectable()
export class DocsServers implements OnApplicationShutdown {
  private readonly logger = new Logger('Docs');
  private readonly opened = new Map<string, OpenDocs>();
  private readonly shell = new ShellThreads();

  /** The server under this key; made on first use, whatever the options later. */
  open(key: string, options: DocsOptions): Promise<DocsUpstream> {
    const existing = this.opened.get(key);
    if (existing) return Promise.resolve(existing.upstream);
    const opened = this.make(options);
    this.opened.set(key, opened);
    opened.git?.start();
    return Promise.resolve(opened.upstream);
  }

  /** The newest whose key begins with this one, where there is any. */
  find(key: string): OpenDocs | undefined {
    return [...this.opened].findLast(([other]) => other === key || other.startsWith(`${key} `))?.[1];
  }

  /** The names of a server's tools; none where it is not open. */
  toolNames(key: string): readonly string[] {
    return this.find(key)?.upstream.toolNames ?? [];
  }

  /** Whether one of them has a fault that keeps it from following its source. */
  get faults(): number {
    return [...this.opened.values()].filter(({ library, git }) => library.hasFault || git?.status().fault).length;
  }

  /** Ends a server that is no longer, or is to be opened anew with other options. */
  async close(key: string): Promise<void> {
    const open = this.opened.get(key);
    this.opened.delete(key);
    if (open) await end(open);
  }

  async onApplicationShutdown(): Promise<void> {
    const opened = [...this.opened.values()];
    this.opened.clear();
    await Promise.all([...opened.map(end), this.shell.close()]);
  }

  private make({ dir, git, name, allPublic, indexFile, siteUrl, keepFeedback }: DocsOptions): OpenDocs {
    const checkout = git && indexFile.replace(/\.sqlite$/, '.checkout');
    const folder = checkout === undefined ? dir : join(checkout, folderIn(git?.path) ?? '.');
    const warn = (warning: string): void => this.logger.warn(warning);
    const library = new DocsLibrary({ dir: folder, allPublic, indexFile, warn });
    // A repository may not be there yet, and its folder's name says nothing.
    const title = docsName(folder, name ?? (git ? repositoryName(git.url) : undefined));
    const onError = (error: Error): void => this.logger.debug(error.message);
    const upstream = new DocsUpstream({ library, name: title, suffix: toolSuffix(title), shell: this.shell, keepFeedback, onError });
    const onPull = (): void => void library.look();
    const source = git && checkout !== undefined ? new GitSource({ ...git, dir: checkout, onPull, onFault: warn }) : undefined;
    return {
      name: title,
      upstream,
      library,
      texts: new DocsTexts({ library, name: title, siteUrl }),
      git: source,
      get publicFace() {
        return upstream.publicFace;
      },
      refresh: () => (source ? source.wake() : void library.look()),
    };
  }
}

async function end({ git, upstream }: OpenDocs): Promise<void> {
  await git?.stop();
  await upstream.close();
}

const repositoryName = (url: string): string => (url.split('/').at(-1) ?? '').replace(/\.git$/, '');
