import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CONFIG, type Config } from '../config/config.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { Sealer } from '../database/sealer.js';
import { isDuplicate, UnitOfWork } from '../database/unit-of-work.service.js';
import { Server, type ServerScope } from './server.entity.js';
import { type ServerState, toServerState } from './server-state.js';

export const SERVER_TOPIC = 'server';
const DEFAULT_SLUG = 'docs';
const RETRY_MS = 250;

const DOCS_SCOPES: ServerScope[] = [
  { name: 'mcp:search', description: 'Search the documentation', permissions: ['tools/call:search_*'], default: true },
  {
    name: 'mcp:read',
    description: 'Read pages of the documentation, and report what is wrong with them',
    permissions: [
      'tools/call:read_*',
      'tools/call:query_docs_filesystem_*',
      'tools/call:submit_feedback',
      'resources/read:docs://*',
      'resources/read:skill://*',
    ],
    default: true,
  },
];

/** Every server, in memory, following the database. */
@Injectable()
export class ServerDirectory implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Servers');
  private bySlug: ReadonlyMap<string, ServerState> = new Map();
  private byResource: ReadonlyMap<string, ServerState> = new Map();
  private default: ServerState | undefined;
  private last: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    @InjectRepository(Server) private readonly servers: Repository<Server>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly sealer: Sealer,
    feed: ChangeFeed,
  ) {
    const reload = () => void this.reload().catch(() => undefined);
    feed.on(SERVER_TOPIC, reload);
    feed.onReset(reload);
  }

  /** The server with this slug; without a slug, the default server. */
  find(slug?: string): ServerState | undefined {
    return slug === undefined ? this.default : this.bySlug.get(slug);
  }

  /** The server whose canonical URL this is, character for character. */
  findByResource(resource: string): ServerState | undefined {
    return this.byResource.get(resource);
  }

  get all(): readonly ServerState[] {
    return [...this.bySlug.values()];
  }

  async onModuleInit(): Promise<void> {
    if ((await this.servers.count()) === 0) await this.createDefault();
    await this.reload();
  }

  private async createDefault(): Promise<void> {
    const now = this.clock();
    const server = {
      id: newId(),
      slug: DEFAULT_SLUG,
      name: 'Documentation',
      description: null,
      access: 'both' as const,
      upstream: { kind: 'docs' as const },
      upstreamSecrets: null,
      scopes: DOCS_SCOPES,
      limits: null,
      tokenTtl: null,
      isDefault: true,
      createdAt: now,
      updatedAt: now,
    };
    try {
      await this.unitOfWork.run(async ({ manager, changed }) => {
        await manager.insert(Server, { ...server, version: 1 });
        await this.audit.record(manager, { kind: 'server.created', server: server.slug, actor: 'start' });
        await changed(SERVER_TOPIC, server.id);
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error; // a replica that starts at the same time has made it
    }
  }

  /**
   * Reads the servers again. Resolves when what was committed before the call is known here; reads never overtake each other.
   * One that fails is repeated until it succeeds: the change feed names a change once.
   */
  reload(): Promise<void> {
    clearTimeout(this.retry);
    this.next ??= this.last
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.read();
      });
    this.last = this.next;
    return this.last;
  }

  onApplicationShutdown(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
  }

  private async read(): Promise<void> {
    try {
      this.keep(await this.servers.find({ order: { slug: 'ASC' } }));
    } catch (error) {
      this.logger.warn(`Servers were not reloaded, and will be again: ${(error as Error).message}`);
      if (!this.isClosed) this.retry = setTimeout(() => void this.reload().catch(() => undefined), RETRY_MS).unref();
      throw error;
    }
  }

  /** What has not changed stays the same object: much is remembered by it. */
  private keep(servers: readonly Server[]): void {
    const parts = { publicUrl: this.config.publicUrl, sealer: this.sealer };
    const states = servers.map((server) => {
      const known = this.bySlug.get(server.slug);
      return known?.id === server.id && known.version === server.version ? known : toServerState(server, parts);
    });
    this.bySlug = new Map(states.map((state) => [state.slug, state]));
    this.byResource = new Map(states.map((state) => [state.resource, state]));
    this.default = states.find((state) => state.isDefault);
  }
}
