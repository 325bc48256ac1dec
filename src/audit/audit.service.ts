import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { idFactory } from '../common/ids.js';
import { Tally } from '../common/tally.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { AuditChain } from './audit-chain.service.js';
import { AuditEvent } from './event.entity.js';

/** What happened. `detail` holds no secret, token or assertion. */
export interface EventInput {
  readonly kind: EventKind;
  readonly credentialId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly server?: string | undefined;
  readonly actor?: string | undefined;
  readonly address?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

export const EVENT_KINDS = [
  'admin.created',
  'admin.changed',
  'admin.deleted',
  'admin.disabled',
  'admin.enabled',
  'admin.sessions_ended',
  'admin.sign_in_failed',
  'admin.signed_in',
  'admin.signed_out',
  'admin_key.created',
  'admin_key.deleted',
  'admin_key.leaked',
  'call',
  'call.observed',
  'call.refused',
  'credential.created',
  'credential.changed',
  'credential.disabled',
  'credential.enabled',
  'credential.rotated',
  'credential.secret_ended',
  'credential.secret_leaked',
  'credential.tokens_revoked',
  'credential.deleted',
  'docs.webhook_created',
  'docs.webhook_deleted',
  'server.created',
  'server.changed',
  'server.deleted',
  'server.tested',
  'signing_key.created',
  'signing_key.deleted',
  'token.issued',
  'token.refresh_reused',
  'token.refused',
  'token.refused_more',
  'token.revoked',
  'webhook.created',
  'webhook.changed',
  'webhook.deleted',
  'webhook.rotated',
  'webhook.tested',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

const FLUSH_MS = 500;
/** Rows of the largest INSERT, and events between two turns of the event loop. */
const BATCH = 128;
const CAPACITY = 100_000;
const CLIENT_ID_LENGTH = 64;
const COLUMNS = ['id', 'at', 'kind', 'credentialId', 'clientId', 'server', 'actor', 'address', 'detail'] as const;

/** Sees every use as it is noted, before anything is written. Must be quick, and must not throw. */
export type UseObserver = (event: EventInput, at: number) => void;

/** Takes part in the transaction of every admin act. */
export type ActPart = (manager: EntityManager, event: EventInput, at: number) => Promise<void>;

/** Takes part in the batches: writes what it has gathered, e.g. when secrets were last used. */
export type FlushPart = (manager: EntityManager) => Promise<void>;

/** The audit trail. Admin acts are recorded in their own transaction, use is buffered and written in batches. */
@Injectable()
export class AuditService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private buffer: AuditEvent[] = [];
  private dropped = 0;
  /** Events since the start for which there was no room. */
  readonly lost = new Tally();
  // By the same clock as the event's time, so that a stretch of time is a stretch of ids.
  private readonly newEventId = idFactory();
  private readonly actParts: ActPart[] = [];
  private readonly parts: FlushPart[] = [];
  private readonly writers: (() => Promise<void>)[] = [];
  private readonly observers: UseObserver[] = [];
  private readonly task = new BackgroundTask(() => this.flush(), FLUSH_MS);
  private last = Promise.resolve();
  private isStuck = false;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly chain: AuditChain,
  ) {}

  /** Records an admin act within its transaction: both commit or neither does. */
  async record(manager: EntityManager, event: EventInput): Promise<void> {
    const at = this.clock();
    const row = this.toRow(event, at);
    await manager.insert(AuditEvent, row);
    await this.chain.announce(manager, row);
    for (const part of this.actParts) await part(manager, event, at);
  }

  /** Notes a use. Returns at once; written within a second, counted when there is no room. */
  note(event: EventInput): void {
    const at = this.clock();
    this.tellObservers(event, at);
    if (this.buffer.length >= CAPACITY) {
      this.drop();
      return;
    }
    this.buffer.push(this.toRow(event, at));
    // Rows that wait half a second for their turn outlive several collections of young objects, and then come all at once.
    // Only when the batch becomes full: after a fault the next try is the timer's.
    if (this.buffer.length === BATCH) void this.inTurn(() => this.writeFullBatches());
  }

  /** Lets a use be counted that is one of too many to write each down. */
  count(event: EventInput): void {
    this.tellObservers(event, this.clock());
  }

  /** Events that wait for the database. */
  get waiting(): number {
    return this.buffer.length;
  }

  /** Whether the database took the last batch. */
  get isWritable(): boolean {
    return !this.isStuck;
  }

  /** Lets others count uses, also those for which there is no room in the trail. */
  observeUses(observer: UseObserver): void {
    this.observers.push(observer);
  }

  /** Lets others write in the transactions of admin acts: what they write is there if and only if the act is. */
  joinActs(part: ActPart): void {
    this.actParts.push(part);
  }

  /** Adds a writer to every batch. */
  addToFlush(part: FlushPart): void {
    this.parts.push(part);
  }

  /** Adds a writer that opens a transaction of its own at every batch, and so knows whether it has committed. */
  addWriter(writer: () => Promise<void>): void {
    this.writers.push(writer);
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  /** After the last request has been answered: nothing that is buffered is lost. */
  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    await this.flush();
  }

  /**
   * Writes what is buffered. On a fault of the database it stays buffered for the next time.
   * One after another: two at a time would take the same batch off the buffer twice.
   */
  flush(): Promise<void> {
    return this.inTurn(() => this.writeBuffered());
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    this.last = this.last.then(write).then(
      () => this.noteStuck(undefined),
      (error: unknown) => this.noteStuck(error as Error),
    );
    return this.last;
  }

  /** Says so when it begins and when it ends: twice a second would fill the disk that is full already. */
  private noteStuck(error: Error | undefined): void {
    if (this.isStuck === (error !== undefined)) return;
    this.isStuck = error !== undefined;
    if (error) this.logger.warn(`Events wait for the database (${this.buffer.length} buffered): ${error.message}`);
    else this.logger.log('Events are written again.');
  }

  private async writeBuffered(): Promise<void> {
    this.reportDropped();
    for (const part of this.parts) await this.unitOfWork.write(part);
    for (const write of this.writers) await write();
    await this.chain.takeUpActs();
    while (this.buffer.length > 0) await this.writeBatch();
  }

  private async writeFullBatches(): Promise<void> {
    while (this.buffer.length >= BATCH) await this.writeBatch();
  }

  /** In a turn of the event loop of its own: what is under way goes first. */
  private async writeBatch(): Promise<void> {
    await nextTurn();
    const batch = this.buffer.slice(0, batchSize(this.buffer.length));
    await this.chain.write(batch, insertRows);
    this.buffer = this.buffer.slice(batch.length);
  }

  private tellObservers(event: EventInput, at: number): void {
    for (const observe of this.observers) observe(event, at);
  }

  private drop(): void {
    this.dropped++;
    this.lost.add();
  }

  private reportDropped(): void {
    if (this.dropped === 0) return;
    this.logger.error(`${this.dropped} events were dropped, because the database did not take them in time.`);
    this.dropped = 0;
  }

  private toRow(event: EventInput, at: number): AuditEvent {
    return {
      id: this.newEventId(at),
      at,
      kind: event.kind,
      credentialId: event.credentialId ?? null,
      clientId: clip(event.clientId) ?? null,
      server: event.server ?? null,
      actor: event.actor ?? null,
      address: event.address ?? null,
      detail: event.detail ? JSON.stringify(event.detail) : null,
    };
  }
}

/** Through UTF-8, where a half of a character at the cut becomes what the database would make of it. */
function clip(clientId: string | undefined): string | undefined {
  if (clientId === undefined || clientId.length <= CLIENT_ID_LENGTH) return clientId;
  return Buffer.from(clientId.slice(0, CLIENT_ID_LENGTH)).toString();
}

/** A power of two: drivers keep statements prepared, and one for every number of rows would fill memory. */
const batchSize = (waiting: number): number => Math.min(BATCH, 2 ** Math.floor(Math.log2(waiting)));

/** By hand: the query builder takes ten times as long for a batch. */
async function insertRows(manager: EntityManager, rows: readonly AuditEvent[]): Promise<void> {
  const isSqlite = manager.dataSource.options.type === 'better-sqlite3';
  const values: unknown[] = [];
  for (const row of rows) for (const column of COLUMNS) values.push(row[column]);
  await manager.query(insertStatement(isSqlite, rows.length), values);
}

const statements = new Map<string, string>();

function insertStatement(isSqlite: boolean, rows: number): string {
  const key = `${isSqlite ? 'sqlite' : 'mysql'} ${rows}`;
  const statement = statements.get(key) ?? composeStatement(isSqlite, rows);
  statements.set(key, statement);
  return statement;
}

/** IGNORE: a batch whose commit was lost on the way back is written again. */
function composeStatement(isSqlite: boolean, rows: number): string {
  const quote = isSqlite ? '"' : '`';
  const columns = COLUMNS.map((column) => quote + column + quote).join(', ');
  const row = `(${COLUMNS.map(() => '?').join(', ')})`;
  const places = Array<string>(rows).fill(row).join(', ');
  return `INSERT ${isSqlite ? 'OR IGNORE' : 'IGNORE'} INTO ${quote}events${quote} (${columns}) VALUES ${places}`;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
