import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, In, LessThan, MoreThan, Not, Repository } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { newId } from '../../common/ids.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Digester } from '../../database/digester.js';
import { type Transaction, UnitOfWork } from '../../database/unit-of-work.service.js';
import { ProblemError } from '../../protocol/problem.js';
import { Admin, ADMIN_TOPIC } from '../admin.entity.js';
import type { Browser } from './browser.js';
import { AdminSession, type SignInMethod } from './session.entity.js';
import { newSessionToken } from './session-token.js';
import { SESSION_TOPIC, type SessionState, toSessionState } from './session-directory.service.js';

/** Of more sessions than this the oldest ends: nobody has as many browsers. */
const PER_ADMIN = 50;
const USER_AGENT_LENGTH = 200;
/** Fine enough for a lifetime of hours, and not a write for each request. */
const SEEN_STEP_MS = 60_000;
const PRUNE_BATCH = 500;

export interface SessionStart {
  readonly method: SignInMethod;
  readonly browser: Browser;
}

export interface NewSession {
  /** For the cookie, and for nothing else. */
  readonly token: string;
  readonly session: SessionState;
}

/** Begins and ends the sign-in sessions of admins. */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger('Sessions');
  private seen = new Map<string, number>();

  constructor(
    @InjectRepository(AdminSession) private readonly sessions: Repository<AdminSession>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly digester: Digester,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    audit.addToFlush((manager) => this.flush(manager));
  }

  /** Begins a session for an admin whom the caller has locked in this transaction. The token is in this answer only. */
  async begin({ manager }: Pick<Transaction, 'manager'>, admin: Admin, { method, browser }: SessionStart): Promise<NewSession> {
    const token = newSessionToken();
    const now = this.clock();
    const session = {
      id: newId(),
      digest: this.digester.digest(token),
      adminId: admin.id,
      method,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + this.config.sessions.ttlMs,
      address: browser.address,
      userAgent: (browser.userAgent ?? '').slice(0, USER_AGENT_LENGTH),
    };
    await manager.insert(AdminSession, session);
    await endOldest(manager, admin.id);
    await manager.update(Admin, { id: admin.id }, { lastSignInAt: now, version: () => 'version' });
    await this.audit.record(manager, {
      kind: 'admin.signed_in',
      actor: admin.username,
      address: browser.address,
      detail: { method },
    });
    return { token, session: toSessionState(session, admin) };
  }

  /** Ends one session. */
  async end({ id, admin }: Pick<SessionState, 'id' | 'admin'>, address: string): Promise<void> {
    await this.unitOfWork.run(async ({ manager, changed }) => {
      const { affected } = await manager.delete(AdminSession, { id });
      if (affected === 0) return; // ended by somebody else meanwhile
      await this.audit.record(manager, { kind: 'admin.signed_out', actor: admin.name, address });
      await changed(SESSION_TOPIC, id);
    });
  }

  /**
   * Ends every session of an admin.
   * @throws {ProblemError} `not_found`.
   */
  async endAll(adminId: string, actor: string): Promise<void> {
    await this.unitOfWork.run(async (transaction) => {
      const admin = await transaction.manager.findOneBy(Admin, { id: adminId });
      if (!admin) throw new ProblemError('not_found', 'There is no admin with this id.');
      const sessions = await endSessionsOf(transaction.manager, adminId);
      const detail = { username: admin.username, sessions };
      await this.audit.record(transaction.manager, { kind: 'admin.sessions_ended', actor, detail });
      await transaction.changed(ADMIN_TOPIC, adminId);
    });
  }

  /** The live sessions of an admin, newest first. */
  async list(adminId: string): Promise<AdminSession[]> {
    const now = this.clock();
    const where = { adminId, expiresAt: MoreThan(now), lastSeenAt: MoreThan(now - this.config.sessions.idleMs) };
    return this.sessions.find({ where, order: { id: 'DESC' } });
  }

  /** Notes that a session is in use; what is kept in memory moves at once, the table with the next batch. */
  touch(state: SessionState): void {
    const now = this.clock();
    if (now - state.lastSeenAt < SEEN_STEP_MS) return;
    state.lastSeenAt = now;
    this.seen.set(state.id, now);
  }

  private async flush(manager: EntityManager): Promise<void> {
    if (this.seen.size === 0) return;
    const seen = this.seen;
    this.seen = new Map();
    try {
      for (const [id, at] of seen) await manager.update(AdminSession, { id, lastSeenAt: LessThan(at) }, { lastSeenAt: at });
    } catch (error) {
      this.seen = new Map([...seen, ...this.seen]);
      throw error;
    }
  }

  /** Removes what has ended, in small batches. */
  async prune(): Promise<void> {
    try {
      while ((await this.pruneBatch()) === PRUNE_BATCH);
    } catch (error) {
      this.logger.warn(`Ended sessions were not removed: ${(error as Error).message}`);
    }
  }

  private async pruneBatch(): Promise<number> {
    const now = this.clock();
    const where = [{ expiresAt: LessThan(now) }, { lastSeenAt: LessThan(now - this.config.sessions.idleMs - SEEN_STEP_MS) }];
    const ended = await this.sessions.find({ select: { id: true }, where, take: PRUNE_BATCH });
    const ids = ended.map(({ id }) => id);
    if (ids.length > 0) await this.unitOfWork.write((manager) => deleteSessions(manager, ids));
    return ids.length;
  }
}

/** Ends every session of an admin within the transaction that takes their reason away; the caller announces the admin. Returns how many. */
export async function endSessionsOf(manager: EntityManager, adminId: string): Promise<number> {
  const { affected } = await manager.delete(AdminSession, { adminId });
  return affected ?? 0;
}

async function endOldest(manager: EntityManager, adminId: string): Promise<void> {
  const newest = await manager.find(AdminSession, { select: { id: true }, where: { adminId }, order: { id: 'DESC' }, take: PER_ADMIN });
  if (newest.length === PER_ADMIN) await manager.delete(AdminSession, { adminId, id: Not(In(newest.map(({ id }) => id))) });
}

async function deleteSessions(manager: EntityManager, ids: string[]): Promise<void> {
  await manager.delete(AdminSession, { id: In(ids) });
}
