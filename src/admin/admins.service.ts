import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, LessThan, Not, Repository } from 'typeorm';
import { AuditService, type EventInput } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { isDuplicate, type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import type { CreateAdminDto, UpdateAdminDto } from './admin.dto.js';
import { Admin, ADMIN_TOPIC, type Role } from './admin.entity.js';
import { type PageQueryDto, type Page, readPage } from './pages.dto.js';
import { generatePassword, hashPassword } from './passwords.js';
import { requireMatch } from './preconditions.js';
import { endSessionsOf } from './sessions/sessions.service.js';

/** Who is changed, by whom, and (`If-Match`) on which version. */
export interface AdminTarget {
  readonly id: string;
  readonly actor: string;
  readonly ifMatch?: string | undefined;
}

/** The people who manage Gatehouse. There is always an owner. */
@Injectable()
export class AdminsService {
  constructor(
    @InjectRepository(Admin) private readonly admins: Repository<Admin>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  page(query: PageQueryDto): Promise<Page<Admin>> {
    return readPage(query, (after, take) =>
      this.admins.find({ ...(after === undefined ? {} : { where: { id: LessThan(after) } }), order: { id: 'DESC' }, take }),
    );
  }

  async read(id: string): Promise<Admin> {
    const admin = await this.admins.findOneBy({ id });
    if (!admin) throw noSuchAdmin();
    return admin;
  }

  /**
   * The generated password is in this answer only.
   * @throws {ProblemError} `name_taken`.
   */
  async create(
    { username, password, role }: CreateAdminDto,
    actor: string,
    transaction: Transaction,
  ): Promise<{ admin: Admin; password: string | undefined }> {
    const generated = password === undefined ? generatePassword() : undefined;
    const admin = {
      id: newId(),
      username: username.toLowerCase(),
      passwordHash: await hashPassword(password ?? generated ?? ''),
      mustChangePassword: generated !== undefined,
      isEnabled: true,
      externalId: null,
      role,
      createdAt: this.clock(),
      createdBy: actor,
      lastSignInAt: null,
      version: 1,
    };
    await insertUnique(transaction.manager, admin);
    await this.announce(transaction, admin, { kind: 'admin.created', actor, detail: { username: admin.username, role } });
    return { admin, password: generated };
  }

  /** Ends the admin's sessions: they stand on what is changed here. */
  async update(target: AdminTarget, { role, password }: UpdateAdminDto): Promise<Admin> {
    const passwordHash = password === undefined ? undefined : await hashPassword(password);
    return this.change(target, async (admin, transaction) => {
      requireOwnSettings(admin);
      if (role !== undefined && role !== 'owner') await requireAnotherOwner(transaction.manager, admin);
      const fields = [...(role === undefined ? [] : ['role']), ...(passwordHash === undefined ? [] : ['password'])];
      if (fields.length === 0) return admin;
      const values = { ...(role ? { role } : {}), ...(passwordHash ? { passwordHash, mustChangePassword: false } : {}) };
      await transaction.manager.update(Admin, { id: admin.id }, values);
      const detail = { username: admin.username, fields, ...(role ? { role } : {}) };
      return this.end(transaction, admin, { kind: 'admin.changed', actor: target.actor, detail });
    });
  }

  /** For whoever has the installation in hand: a generated password, which is in this answer only. Lets in again who was disabled. */
  async reset(target: AdminTarget, role?: Role): Promise<string> {
    const password = generatePassword();
    const passwordHash = await hashPassword(password);
    await this.change(target, async (admin, transaction) => {
      requireOwnSettings(admin);
      const values = { passwordHash, mustChangePassword: true, isEnabled: true, role: role ?? admin.role };
      await transaction.manager.update(Admin, { id: admin.id }, values);
      const fields = ['password', ...(values.role === admin.role ? [] : ['role']), ...(admin.isEnabled ? [] : ['isEnabled'])];
      const detail = { username: admin.username, fields, role: values.role };
      await this.end(transaction, admin, { kind: 'admin.changed', actor: target.actor, detail });
    });
    return password;
  }

  /** Ends the admin's sessions; no password opens anything until {@link enable}. */
  async disable(target: AdminTarget): Promise<Admin> {
    return this.change(target, async (admin, transaction) => {
      if (!admin.isEnabled) return admin;
      await requireAnotherOwner(transaction.manager, admin);
      await transaction.manager.update(Admin, { id: admin.id }, { isEnabled: false });
      return this.end(transaction, admin, { kind: 'admin.disabled', actor: target.actor, detail: { username: admin.username } });
    });
  }

  async enable(target: AdminTarget): Promise<Admin> {
    return this.change(target, async (admin, transaction) => {
      if (admin.isEnabled) return admin;
      await transaction.manager.update(Admin, { id: admin.id }, { isEnabled: true });
      await this.announce(transaction, admin, { kind: 'admin.enabled', actor: target.actor, detail: { username: admin.username } });
      return transaction.manager.findOneByOrFail(Admin, { id: admin.id });
    });
  }

  async delete(target: AdminTarget): Promise<void> {
    await this.change(target, async (admin, transaction) => {
      await requireAnotherOwner(transaction.manager, admin);
      await endSessionsOf(transaction.manager, admin.id);
      await transaction.manager.delete(Admin, { id: admin.id });
      await this.announce(transaction, admin, { kind: 'admin.deleted', actor: target.actor, detail: { username: admin.username } });
    });
  }

  /** Announces a change that takes the admin's sessions along. */
  private async end(transaction: Transaction, admin: Admin, event: EventInput): Promise<Admin> {
    await endSessionsOf(transaction.manager, admin.id);
    await this.announce(transaction, admin, event);
    return transaction.manager.findOneByOrFail(Admin, { id: admin.id });
  }

  private change<T>({ id, ifMatch }: AdminTarget, work: (admin: Admin, transaction: Transaction) => Promise<T>): Promise<T> {
    return this.unitOfWork.run(async (transaction) => {
      await lockAdmins(transaction.manager, id);
      const admin = await transaction.manager.findOneBy(Admin, { id });
      if (!admin) throw noSuchAdmin();
      requireMatch(ifMatch, admin.version);
      return work(admin, transaction);
    });
  }

  private async announce({ manager, changed }: Transaction, admin: Pick<Admin, 'id'>, event: EventInput): Promise<void> {
    await this.audit.record(manager, event);
    await changed(ADMIN_TOPIC, admin.id);
  }
}

async function insertUnique(manager: EntityManager, admin: Admin): Promise<void> {
  try {
    await manager.insert(Admin, admin);
  } catch (error) {
    if (isDuplicate(error)) throw new ProblemError('name_taken', 'There is an admin with this username.', { cause: error });
    throw error;
  }
}

/** Role and password of those who come through a provider are the provider's to change. */
function requireOwnSettings({ externalId }: Admin): void {
  if (externalId === null) return;
  throw new ProblemError(
    'conflict',
    'This admin signs in through the identity provider: change the role there. Disable or delete works here.',
  );
}

/** Two owners that remove each other at the same time must not both succeed: owners (and who is changed) are locked first, in one order. */
export async function lockAdmins(manager: EntityManager, id: string): Promise<void> {
  if (manager.dataSource.options.type === 'better-sqlite3') return; // transactions run one at a time there
  await manager.find(Admin, { where: [{ role: 'owner' }, { id }], order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });
}

/** An owner who is disabled is none to count on. */
export async function requireAnotherOwner(manager: EntityManager, admin: Admin): Promise<void> {
  const others = { role: 'owner', isEnabled: true, id: Not(admin.id) } as const;
  if (admin.role !== 'owner' || (await manager.countBy(Admin, others)) > 0) return;
  throw new ProblemError('last_owner', 'Make somebody else an owner first.');
}

const noSuchAdmin = (): ProblemError => new ProblemError('not_found', 'There is no admin with this id.');
