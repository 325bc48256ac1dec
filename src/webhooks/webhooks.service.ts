import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, LessThan, Repository } from 'typeorm';
import { type Page, type PageQueryDto, readPage } from '../admin/pages.dto.js';
import { requireMatch } from '../admin/preconditions.js';
import { AuditService, type EventKind } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { Egress } from '../egress/egress.service.js';
import { EgressError } from '../egress/egress-error.js';
import { ProblemError } from '../protocol/problem.js';
import type { CreateWebhookDto, DeliveryQueryDto, UpdateWebhookDto } from './webhook.dto.js';
import { Webhook } from './webhook.entity.js';
import { TEST_EVENT } from './webhook-events.js';
import { WebhookMessage, WebhookNotice } from './webhook-message.entity.js';
import { WebhookDeliverer } from './webhook-deliverer.service.js';
import { WebhookSecrets } from './webhook-secrets.js';

const MAX_WEBHOOKS = 20;
const DEFAULT_OVERLAP_SECONDS = 86_400;

/** Which webhook, on whose behalf, and in which version the caller saw it. */
export interface WebhookTarget {
  readonly id: string;
  readonly actor: string;
  readonly ifMatch: string | undefined;
}

/** A webhook with a secret that was just made, in the clear, this once. */
export interface NewWebhook {
  readonly webhook: Webhook;
  readonly secret: string;
}

/** Creates and changes webhooks. Every change is one transaction with its event. */
@Injectable()
export class WebhooksService {
  constructor(
    @InjectRepository(Webhook) private readonly webhooks: Repository<Webhook>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly egress: Egress,
    private readonly secrets: WebhookSecrets,
    private readonly deliverer: WebhookDeliverer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  page(query: PageQueryDto): Promise<Page<Webhook>> {
    return readPage(query, (after, take) =>
      this.webhooks.find({ ...(after === undefined ? {} : { where: { id: LessThan(after) } }), order: { id: 'DESC' }, take }),
    );
  }

  /** @throws {ProblemError} `not_found`. */
  async read(id: string): Promise<Webhook> {
    const webhook = await this.webhooks.findOneBy({ id });
    if (!webhook) throw noSuchWebhook();
    return webhook;
  }

  /** @throws {ProblemError} `validation_failed`, `conflict` where there are enough. */
  async create({ label, url, events, enabled }: CreateWebhookDto, actor: string, { manager }: Transaction): Promise<NewWebhook> {
    this.checkUrl(url);
    if ((await manager.count(Webhook)) >= MAX_WEBHOOKS)
      throw new ProblemError('conflict', `There are ${MAX_WEBHOOKS} webhooks, which is the most.`);
    const now = this.clock();
    const id = newId();
    const { secret, sealed } = this.secrets.make(id);
    const times = { createdAt: now, createdBy: actor, updatedAt: now };
    const rest = { isEnabled: enabled ?? true, previousSecret: null, previousSecretEndsAt: null, version: 1 };
    const webhook: Webhook = { id, label, url, events: events ?? null, secret: sealed, ...times, ...rest };
    await manager.insert(Webhook, webhook);
    await this.record(manager, 'webhook.created', actor, webhook, { events: webhook.events });
    return { webhook, secret };
  }

  async update(target: WebhookTarget, input: UpdateWebhookDto): Promise<Webhook> {
    if (input.url !== undefined) this.checkUrl(input.url);
    return this.change(target, async (webhook, manager) => {
      const { label = webhook.label, url = webhook.url, events = webhook.events, enabled = webhook.isEnabled } = input;
      const changed = await this.save(manager, { ...webhook, label, url, events, isEnabled: enabled });
      // What waits for a receiver that shall hear nothing is not sent when it is enabled again.
      if (!enabled) await manager.update(WebhookMessage, { webhookId: webhook.id, status: 'pending' }, { status: 'dropped' });
      await this.record(manager, 'webhook.changed', target.actor, changed, { fields: Object.keys(input) });
      return changed;
    });
  }

  /** A new secret. With the old one messages are signed too for `overlapSeconds`. */
  async rotate(target: WebhookTarget, overlapSeconds = DEFAULT_OVERLAP_SECONDS): Promise<NewWebhook> {
    return this.change(target, async (webhook, manager) => {
      const { secret, sealed } = this.secrets.make(webhook.id);
      const previous =
        overlapSeconds > 0
          ? { previousSecret: webhook.secret, previousSecretEndsAt: this.clock() + overlapSeconds * 1000 }
          : { previousSecret: null, previousSecretEndsAt: null };
      const changed = await this.save(manager, { ...webhook, secret: sealed, ...previous });
      await this.record(manager, 'webhook.rotated', target.actor, changed, { overlapSeconds });
      return { webhook: changed, secret };
    });
  }

  /** With all that it was to be told. */
  async delete(target: WebhookTarget): Promise<void> {
    await this.change(target, async (webhook, manager) => {
      await manager.delete(WebhookMessage, { webhookId: webhook.id });
      await manager.delete(WebhookNotice, { webhookId: webhook.id });
      await manager.delete(Webhook, { id: webhook.id });
      await this.record(manager, 'webhook.deleted', target.actor, webhook);
    });
  }

  /** Sends a message now, also where it is disabled: that is how one tries before one enables. */
  async test({ id, actor }: WebhookTarget): Promise<WebhookMessage> {
    const webhook = await this.read(id);
    await this.unitOfWork.run(({ manager }) => this.record(manager, 'webhook.tested', actor, webhook));
    const data = { webhookId: id, label: webhook.label, sentBy: actor };
    return this.deliverer.test(webhook, { type: TEST_EVENT, at: this.clock(), data });
  }

  /** What was sent or is to be, newest first. @throws {ProblemError} `not_found`. */
  async deliveries(id: string, { status, ...query }: DeliveryQueryDto): Promise<Page<WebhookMessage>> {
    await this.read(id);
    const which = { webhookId: id, ...(status === undefined ? {} : { status }) };
    return readPage(query, (before, take) =>
      this.webhooks.manager.find(WebhookMessage, {
        where: { ...which, ...(before === undefined ? {} : { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take,
      }),
    );
  }

  private change<T>(target: WebhookTarget, work: (webhook: Webhook, manager: EntityManager) => Promise<T>): Promise<T> {
    return this.unitOfWork.run(async ({ manager }) => {
      const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
      const lock = isSqlite ? {} : { lock: { mode: 'pessimistic_write' } as const };
      const webhook = await manager.findOne(Webhook, { where: { id: target.id }, ...lock });
      if (!webhook) throw noSuchWebhook();
      requireMatch(target.ifMatch, webhook.version);
      return work(webhook, manager);
    });
  }

  private async save(manager: EntityManager, webhook: Webhook): Promise<Webhook> {
    const { id, ...columns } = { ...webhook, updatedAt: this.clock(), version: webhook.version + 1 };
    await manager.update(Webhook, { id }, columns);
    return { id, ...columns };
  }

  /** Of its URL only the origin: what comes after may be a secret of the receiver's. */
  private record(manager: EntityManager, kind: EventKind, actor: string, webhook: Webhook, more: object = {}): Promise<void> {
    const { id, label, url } = webhook;
    return this.audit.record(manager, { kind, actor, detail: { id, label, origin: new URL(url).origin, ...more } });
  }

  private checkUrl(url: string): void {
    try {
      this.egress.check(url);
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      throw new ProblemError('validation_failed', `url: ${error.message}`, { errors: [{ field: 'url', message: error.message }] });
    }
  }
}

const noSuchWebhook = (): ProblemError => new ProblemError('not_found', 'There is no webhook with this id.');
