import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { DocsFeedbackService } from '../docs-server/docs-feedback.service.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { Egress } from '../egress/egress.service.js';
import type { ServerState } from '../servers/server-state.js';
import type { DocsUpstreamSettings } from '../servers/upstream.js';
import type { Opened } from './opened.js';

/** Opens documentation servers with what they need of the others. */
@Injectable()
export class DocsOpener {
  constructor(
    private readonly docs: DocsServers,
    private readonly feedback: DocsFeedbackService,
    private readonly egress: Egress,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async open(server: ServerState, settings: DocsUpstreamSettings): Promise<Opened> {
    const { docs, dataDir, publicUrl } = this.config;
    const { id, version } = server;
    const { dir, git } = settings;
    const name = settings.name ?? (server.isDefault ? docs.name : server.name);
    // By version too: after a change of its folder there are two, until the last call of the old one is done.
    const key = `${id} ${version}`;
    const upstream = await this.docs.open(key, {
      dir: dir ?? docs.dir,
      git: git && { ...git, findAddresses: (url) => this.egress.addressesOf(url) },
      name,
      siteUrl: publicUrl,
      allPublic: docs.public,
      indexFile: join(dataDir, 'docs', `${id}-${digestOf([dir, git, name])}.sqlite`),
      keepFeedback: (feedback) => this.feedback.keep(id, feedback),
    });
    return { upstream, itself: upstream, close: () => this.docs.close(key) };
  }
}

/** Settings that make another index make another file. */
const digestOf = (settings: unknown): string => createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
