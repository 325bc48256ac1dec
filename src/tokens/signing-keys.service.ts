import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, LessThan, Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { BackgroundTask } from '../common/background-task.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import type { SealedColumn } from '../database/reseal.js';
import { Sealer } from '../database/sealer.js';
import { databaseOf, withStartLock } from '../database/start-lock.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import { MAX_TOKEN_TTL } from './claims.js';
import { generateKeyMaterial, importPrivateKey } from './key-material.js';
import { KeyRing, type RingKey } from './key-ring.js';
import { SigningKey } from './signing-key.entity.js';

const TOPIC = 'signing-key';
/** Key sets may be cached this long (`Cache-Control: max-age`), so a new key is published this long before it signs. */
export const JWKS_MAX_AGE_SECONDS = 300;
const RELOAD_COOL_DOWN_MS = 30_000;
const SKEW_SECONDS = 60;
const DAY_MS = 86_400_000;
const SCHEDULE_MS = 60_000;

const sealPurpose = (kid: string): string => `signing-key.${kid}`;
export const SEALED_SIGNING_KEYS: SealedColumn = { entity: SigningKey, key: 'kid', column: 'sealedPrivateKey', purposeOf: sealPurpose };

/** Makes, loads, rotates and removes the token signing keys, and keeps the {@link KeyRing} in step with the database. */
@Injectable()
export class SigningKeysService implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('SigningKeys');
  private reloadedAt = -Infinity;
  private readonly removalListeners: (() => void)[] = [];
  private readonly task = new BackgroundTask(() => this.keepSchedule(), SCHEDULE_MS);

  constructor(
    @InjectRepository(SigningKey) private readonly keys: Repository<SigningKey>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly sealer: Sealer,
    private readonly ring: KeyRing,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    feed: ChangeFeed,
  ) {
    const reload = () => void this.reload().catch((error: unknown) => this.warnNotReloaded(error));
    feed.on(TOPIC, reload);
    feed.onReset(reload);
  }

  /** Loads the keys; makes one where there is none for the configured algorithm. */
  async onModuleInit(): Promise<void> {
    await this.reload();
    // Of replicas that start together one makes it.
    if (!this.hasConfiguredKey) await withStartLock(databaseOf(this.keys.manager.dataSource), () => this.makeConfiguredKey());
  }

  private get hasConfiguredKey(): boolean {
    return this.ring.all.some((key) => key.alg === this.config.tokens.signingAlg && key.retiresAt === null);
  }

  private async makeConfiguredKey(): Promise<void> {
    await this.reload();
    if (this.hasConfiguredKey) return;
    const lead = this.ring.all.length === 0 ? 0 : JWKS_MAX_AGE_SECONDS * 1000;
    await this.unitOfWork.run((transaction) => this.addKey(transaction, this.clock() + lead, 'start'));
    await this.reload();
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
  }

  /** Calls `listener` when a key has gone: what was verified under it must be verified again. */
  onRemoval(listener: () => void): void {
    this.removalListeners.push(listener);
  }

  /** Publishes a new key, which signs once every cached key set can know it; the old one verifies until its last token ended. */
  async rotate(actor: string): Promise<readonly RingKey[]> {
    await this.unitOfWork.run((transaction) => this.addKey(transaction, this.clock() + JWKS_MAX_AGE_SECONDS * 1000, actor));
    await this.reload();
    return this.ring.all;
  }

  /** Rotates where the newest key is older than `SIGNING_KEY_ROTATION_DAYS`, on one replica of all; removes keys that retired a day ago. */
  async keepSchedule(): Promise<void> {
    try {
      if (this.isRotationDue(this.ring.all) || this.hasRetired(this.ring.all)) await this.unitOfWork.run((work) => this.rotateIfDue(work));
    } catch (error) {
      this.logger.warn(`The schedule of signing keys has to wait: ${(error as Error).message}`);
    }
  }

  private async rotateIfDue(transaction: Transaction): Promise<void> {
    const { manager } = transaction;
    await lockKeys(manager);
    const keys = await manager.find(SigningKey);
    if (this.isRotationDue(keys)) await this.addKey(transaction, this.clock() + JWKS_MAX_AGE_SECONDS * 1000, 'schedule');
    if (!this.hasRetired(keys)) return;
    await manager.delete(SigningKey, { retiresAt: LessThan(this.clock() - DAY_MS) });
    await transaction.changed(TOPIC, 'retired');
  }

  private isRotationDue(keys: readonly Pick<SigningKey, 'signsFrom'>[]): boolean {
    const days = this.config.tokens.keyRotationDays;
    return days > 0 && keys.every((key) => key.signsFrom + days * DAY_MS <= this.clock());
  }

  private hasRetired(keys: readonly Pick<SigningKey, 'retiresAt'>[]): boolean {
    return keys.some((key) => key.retiresAt !== null && key.retiresAt < this.clock() - DAY_MS);
  }

  /** Emergency: tokens signed by this key stop being valid. Where nothing else signs, a new key does at once; where something does, it goes on. */
  async remove(kid: string, actor: string): Promise<void> {
    await this.unitOfWork.run(async (transaction) => {
      const { manager } = transaction;
      await lockKeys(manager);
      const keys = await manager.find(SigningKey, { order: { signsFrom: 'ASC' } });
      const index = keys.findIndex((key) => key.kid === kid);
      const removed = keys[index];
      if (!removed) throw new ProblemError('not_found', 'There is no signing key with this kid.');
      await manager.delete(SigningKey, { kid });
      await this.audit.record(manager, { kind: 'signing_key.deleted', actor, detail: { kid } });
      await transaction.changed(TOPIC, kid);
      if (removed.signsFrom > this.clock()) await this.relink(manager, keys[index - 1], keys[index + 1]);
      const others = await manager.find(SigningKey);
      const now = this.clock();
      if (!others.some((key) => key.signsFrom <= now && coversNewTokens(key, now))) await this.addKey(transaction, now, actor);
    });
    await this.reload();
  }

  /** Between two keys one has gone that never signed: the former signs until the latter does, and not until the one that has gone would have. */
  private async relink(manager: EntityManager, former: SigningKey | undefined, latter: SigningKey | undefined): Promise<void> {
    if (former) await manager.update(SigningKey, { kid: former.kid }, { retiresAt: latter ? retirementBefore(latter.signsFrom) : null });
  }

  /** Looks for a key that this replica does not know, at most once in 30 s, whatever is asked (R-KEY-03). */
  async findUnknown(kid: string): Promise<RingKey | undefined> {
    if (performance.now() - this.reloadedAt < RELOAD_COOL_DOWN_MS) return undefined;
    // With the database away, what is in memory goes on to verify; an unknown key stays unknown.
    await this.reload().catch((error: unknown) => this.warnNotReloaded(error));
    return this.ring.find(kid, this.clock());
  }

  private async addKey({ manager, changed }: Transaction, signsFrom: number, actor: string): Promise<void> {
    const alg = this.config.tokens.signingAlg;
    const { kid, publicJwk, pkcs8 } = await generateKeyMaterial(alg);
    await manager
      .createQueryBuilder()
      .update(SigningKey)
      .set({ retiresAt: retirementBefore(signsFrom) })
      .where('retiresAt IS NULL')
      .execute();
    await manager.insert(SigningKey, {
      kid,
      alg,
      publicJwk: JSON.stringify(publicJwk),
      sealedPrivateKey: this.sealer.seal(sealPurpose(kid), pkcs8),
      createdAt: this.clock(),
      signsFrom,
      retiresAt: null,
    });
    await this.audit.record(manager, { kind: 'signing_key.created', actor, detail: { kid, alg } });
    await changed(TOPIC, kid);
  }

  private warnNotReloaded(error: unknown): void {
    this.logger.warn(`Signing keys were not reloaded: ${(error as Error).message}`);
  }

  private async reload(): Promise<void> {
    this.reloadedAt = performance.now();
    const rows = await this.keys.find();
    const known = this.ring.all.map(({ kid }) => kid);
    this.ring.replace(rows.map((row) => this.toRingKey(row)));
    const isGone = known.some((kid) => !rows.some((row) => row.kid === kid));
    if (isGone) for (const listener of this.removalListeners) listener();
  }

  private toRingKey(row: SigningKey): RingKey {
    const { kid, alg, createdAt, signsFrom, retiresAt } = row;
    const keys = importPrivateKey(alg, this.sealer.open(sealPurpose(kid), row.sealedPrivateKey));
    return { kid, alg, createdAt, signsFrom, retiresAt, ...keys, publicJwk: JSON.parse(row.publicJwk) as RingKey['publicJwk'] };
  }
}

/** Whether a token that is signed now can live as long as any may. A key that was replaced in the past would end before it. */
const coversNewTokens = ({ retiresAt }: Pick<SigningKey, 'retiresAt'>, now: number): boolean =>
  retiresAt === null || retiresAt >= retirementBefore(now);

/** When the last token has ended of a key that another follows at this time. */
const retirementBefore = (signsFrom: number): number => signsFrom + (MAX_TOKEN_TTL + SKEW_SECONDS) * 1000;

/** Replicas that come to it at the same time take turns, and the second finds nothing to do. On SQLite transactions do anyway. */
async function lockKeys(manager: EntityManager): Promise<void> {
  if (manager.dataSource.options.type === 'better-sqlite3') return;
  await manager.find(SigningKey, { select: { kid: true }, lock: { mode: 'pessimistic_write' } });
}
