import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { type Page, type PageQueryDto, readPage } from '../admin/pages.dto.js';
import { requireMatch } from '../admin/preconditions.js';
import { AuditService, type EventKind } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { DocsFeedback } from '../docs-server/docs-feedback.entity.js';
import { DocsWebhook } from '../docs-server/docs-webhook.entity.js';
import { ProblemError } from '../protocol/problem.js';
import { RefreshToken } from '../tokens/refresh-token.entity.js';
import { lockServers } from './lock-servers.js';
import { Server } from './server.entity.js';
import { describeChanges } from './server-changes.js';
import type { CreateServerDto, UpdateServerDto } from './server.dto.js';
import { SERVER_TOPIC, ServerDirectory } from './server-directory.service.js';
import { describeReferences, type References, type Referrer } from './server-references.js';
import { checkSlug } from './server-rules.js';
import { ServerSettings } from './server-settings.service.js';

/** Which server, on whose behalf, and in which version the caller saw it. */
export interface ServerTarget {
  readonly slug: string;
  readonly actor: string;
  readonly ifMatch: string | undefined;
}

interface Locked {
  readonly server: Server;
  readonly others: readonly Server[];
  readonly transaction: Transaction;
}

/** Creates and changes servers. Every change is one transaction with its event and its change-feed row. */
@Injectable()
export class ServersService {
  private readonly referrers: Referrer[] = [];

  constructor(
    @InjectRepository(Server) private readonly servers: Repository<Server>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly settings: ServerSettings,
    private readonly directory: ServerDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Adds something that names servers, to be asked before one is deleted. */
  addReferrer(referrer: Referrer): void {
    this.referrers.push(referrer);
  }

  /** Oldest first: the one that came with the installation leads. */
  page(query: PageQueryDto): Promise<Page<Server>> {
    return readPage(query, (after, take) =>
      this.servers.find({ ...(after === undefined ? {} : { where: { id: MoreThan(after) } }), order: { id: 'ASC' }, take }),
    );
  }

  async read(slug: string): Promise<Server> {
    const server = await this.servers.findOneBy({ slug });
    // MySQL compares without trailing spaces.
    if (server?.slug !== slug) throw noSuchServer();
    return server;
  }

  /** Creates a server within a transaction of the caller, who then waits for {@link settle}. */
  async create(input: CreateServerDto, actor: string, transaction: Transaction): Promise<Server> {
    const others = await lockServers(transaction.manager);
    checkSlug(input.slug, others);
    const now = this.clock();
    const id = newId();
    const isDefault = input.isDefault ?? false;
    const columns = this.settings.create(id, input, others);
    const server: Server = { id, slug: input.slug, ...columns, isDefault, createdAt: now, updatedAt: now, version: 1 };
    if (isDefault) await this.dethrone(others, actor, transaction);
    await transaction.manager.insert(Server, server);
    const { name, access, upstream } = server;
    await this.announce(transaction, server, { kind: 'server.created', actor, detail: { name, access, kind: upstream.kind, isDefault } });
    return server;
  }

  async update(target: ServerTarget, input: UpdateServerDto): Promise<Server> {
    return this.change(target, async ({ server, others, transaction }) => {
      if (input.isDefault === false && server.isDefault) throw mustStayDefault();
      const becomesDefault = input.isDefault === true && !server.isDefault;
      if (becomesDefault) await this.dethrone(others, target.actor, transaction);
      const columns = this.settings.change(server, input, others);
      const changed: Server = { ...server, ...columns, isDefault: server.isDefault || becomesDefault };
      const detail = describeChanges(server, changed, input);
      return this.save(transaction, changed, { kind: 'server.changed', actor: target.actor, detail });
    });
  }

  /**
   * For good. What names it keeps it, unless it is to be taken out of there as well.
   * @throws {ProblemError} `server_in_use`; `conflict` for the default server.
   */
  async delete(target: ServerTarget, detach: boolean): Promise<void> {
    await this.change(target, async ({ server, others, transaction }) => {
      const { slug } = server;
      if (server.isDefault) throw mustStayDefault();
      const groups = others.filter(
        ({ upstream }) => upstream.kind === 'group' && upstream.members.some((member) => member.server === slug),
      );
      // The row goes first: a credential that is being given this server waits for it, and then finds it gone.
      await transaction.manager.delete(Server, { id: server.id });
      if (!detach) await this.requireUnused(slug, groups, transaction);
      for (const group of groups) await this.leaveGroup(group, slug, target.actor, transaction);
      for (const referrer of this.referrers) await referrer.detach(transaction, slug, target.actor);
      await transaction.manager.delete(RefreshToken, { server: slug });
      for (const entity of [DocsWebhook, DocsFeedback]) await transaction.manager.delete(entity, { serverId: server.id });
      const detail = { name: server.name, kind: server.upstream.kind, detached: groups.map((group) => group.slug) };
      await this.announce(transaction, server, { kind: 'server.deleted', actor: target.actor, detail });
      return server;
    });
  }

  /** Until this process knows what has been committed. The others follow by the change feed. */
  settle(): Promise<void> {
    // What has been committed stays so: a read that fails is repeated by the directory.
    return this.directory.reload().catch(() => undefined);
  }

  private async change<T>(target: ServerTarget, work: (locked: Locked) => Promise<T>): Promise<T> {
    const done = await this.unitOfWork.run(async (transaction) => {
      const all = await lockServers(transaction.manager);
      const server = all.find(({ slug }) => slug === target.slug);
      if (!server) throw noSuchServer();
      requireMatch(target.ifMatch, server.version);
      return work({ server, others: all.filter((other) => other !== server), transaction });
    });
    await this.settle();
    return done;
  }

  /** There is one default server: it gets a name of its own in URLs, and its tokens for the old one end. */
  private async dethrone(others: readonly Server[], actor: string, transaction: Transaction): Promise<void> {
    for (const server of others.filter(({ isDefault }) => isDefault)) {
      const changed = { ...server, isDefault: false };
      const detail = describeChanges(server, changed, { isDefault: false });
      await this.save(transaction, changed, { kind: 'server.changed', actor, detail });
    }
  }

  private async requireUnused(slug: string, groups: readonly Server[], { manager }: Transaction): Promise<void> {
    const names = groups.map((group) => group.slug);
    const references: References[] = [{ what: 'groups', count: names.length, examples: names.slice(0, 5) }];
    for (const referrer of this.referrers) references.push(await referrer.find(manager, slug));
    const found = references.filter(({ count }) => count > 0);
    if (found.length === 0) return;
    const who = found.map(describeReferences).join(' and ');
    throw new ProblemError('server_in_use', `It is named by ${who}. Take it out of them, or delete it with ?detach=true, which does that.`);
  }

  private async leaveGroup(group: Server, slug: string, actor: string, transaction: Transaction): Promise<void> {
    if (group.upstream.kind !== 'group') return;
    const members = group.upstream.members.filter((member) => member.server !== slug);
    const changed: Server = { ...group, upstream: { kind: 'group', members } };
    const detail = describeChanges(group, changed, { upstream: changed.upstream });
    await this.save(transaction, changed, { kind: 'server.changed', actor, detail });
  }

  private async save(transaction: Transaction, server: Server, event: ServerEvent): Promise<Server> {
    const { id, ...columns } = { ...server, updatedAt: this.clock(), version: server.version + 1 };
    await transaction.manager.update(Server, { id }, columns);
    await this.announce(transaction, server, event);
    return { id, ...columns };
  }

  private async announce(transaction: Transaction, { id, slug }: Server, event: ServerEvent): Promise<void> {
    await this.audit.record(transaction.manager, { ...event, server: slug });
    await transaction.changed(SERVER_TOPIC, id);
  }
}

interface ServerEvent {
  readonly kind: EventKind;
  readonly actor: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const noSuchServer = (): ProblemError => new ProblemError('not_found', 'There is no server with this slug.');

const mustStayDefault = (): ProblemError =>
  new ProblemError('conflict', 'It is the default server, and there is always one: make another the default first.');
