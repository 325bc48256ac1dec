import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { Sealer } from '../database/sealer.js';
import { linkOf, markdownLinkOf } from '../docs-server/content/page-path.js';
import { DocsFeedbackService } from '../docs-server/docs-feedback.service.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import type { GitAuth } from '../docs-server/git/git-source.js';
import { Egress } from '../egress/egress.service.js';
import type { ServerState } from '../servers/server-state.js';
import type { DocsGitSettings, DocsUpstreamSettings } from '../servers/upstream.js';
import type { Opened } from './opened.js';
import { SharedSessions } from './shared-sessions.service.js';

/** Opens documentation servers with what they need of the others. */
@Injectable()
export class DocsOpener {
  constructor(
    private readonly docs: DocsServers,
    private readonly feedback: DocsFeedbackService,
    private readonly egress: Egress,
    private readonly sealer: Sealer,
    private readonly sessions: SharedSessions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  open(server: ServerState, settings: DocsUpstreamSettings): Opened {
    const { docs, publicUrl } = this.config;
    const { siteUrl } = docs;
    const { dir = docs.dir, git } = settings;
    const { key, name, indexFile } = this.placeOf(server, settings);
    const open = this.docs.open(key, {
      dir,
      git: git && { ...git, auth: signInOf(server, git), findAddresses: (url) => this.egress.addressesOf(url) },
      name,
      linkTo: (path) => (siteUrl === undefined ? publicUrl + markdownLinkOf(path) : siteUrl + linkOf(path)),
      allPublic: docs.public,
      indexFile,
      keepFeedback: (feedback) => this.feedback.keep(server.id, feedback),
      sessions: { sealer: this.sealer, place: `${server.id} ${name ?? ''}`, clock: this.clock, ends: this.sessions },
    });
    let isClosed = false;
    const close = async (): Promise<void> => {
      if (isClosed) return;
      isClosed = true;
      await this.docs.close(key);
    };
    const { upstream } = open;
    return { upstream, itself: upstream, findFault: () => open.findFault(), close };
  }

  /** Where all indexes are. */
  get folder(): string {
    return join(this.config.dataDir, 'docs');
  }

  /** Whether a documentation server is open as it is set now, and not as it was before a change. */
  isOpen(server: ServerState): boolean {
    return server.upstream.kind === 'docs' && this.docs.find(this.placeOf(server, server.upstream).key) !== undefined;
  }

  /** The file of a documentation server's index under its present settings. */
  indexFileOf(server: ServerState): string | undefined {
    return server.upstream.kind === 'docs' ? this.placeOf(server, server.upstream).indexFile : undefined;
  }

  /** Where a server has its index. Settings that make another index make another place: after a change there are two for a while. */
  private placeOf({ id, name: serverName, isDefault }: ServerState, { dir, git, name: ownName }: DocsUpstreamSettings) {
    const { docs } = this.config;
    const name = ownName ?? (isDefault ? docs.name : serverName);
    const source = git ? [git.url, git.branch, git.path] : (dir ?? docs.dir);
    const digest = createHash('sha256')
      .update(JSON.stringify([source, name]))
      .digest('hex')
      .slice(0, 16);
    return { key: `${id} ${digest}`, name, indexFile: join(this.folder, `${id}-${digest}.sqlite`) };
  }
}

function signInOf(server: ServerState, { auth }: DocsGitSettings): GitAuth | undefined {
  const { token } = server.openSecrets();
  return auth && token !== undefined ? { username: auth.username, token } : undefined;
}
