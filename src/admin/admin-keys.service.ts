import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { generateSecret, hasSecretFormat, hintOf } from '../common/secret-format.js';
import { Digester } from '../database/digester.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import type { CreateAdminKeyDto } from './admin.dto.js';
import { AdminKey } from './admin-key.entity.js';
import { type Page, type PageQueryDto, readPage } from './pages.dto.js';
import { ADMIN_KEY_PREFIX } from './sign-in.service.js';

/** Change-feed topic; its subject is the key's id. */
export const ADMIN_KEY_TOPIC = 'admin-key';

/** API keys of scripts that manage Gatehouse. */
@Injectable()
export class AdminKeysService {
  constructor(
    @InjectRepository(AdminKey) private readonly keys: Repository<AdminKey>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly digester: Digester,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  page(query: PageQueryDto): Promise<Page<AdminKey>> {
    return readPage(query, (after, take) =>
      this.keys.find({ ...(after === undefined ? {} : { where: { id: LessThan(after) } }), order: { id: 'DESC' }, take }),
    );
  }

  /** The secret is in this answer only. */
  async create(
    { label, role, expiresAt }: CreateAdminKeyDto,
    actor: string,
    transaction: Transaction,
  ): Promise<{ key: AdminKey; secret: string }> {
    const secret = generateSecret(ADMIN_KEY_PREFIX);
    const key = {
      id: newId(),
      label,
      role,
      digest: this.digester.digest(secret),
      hint: hintOf(secret),
      createdAt: this.clock(),
      createdBy: actor,
      expiresAt: readExpiry(expiresAt, this.clock()),
      lastUsedAt: null,
    };
    await transaction.manager.insert(AdminKey, key);
    await this.audit.record(transaction.manager, { kind: 'admin_key.created', actor, detail: { id: key.id, label, role } });
    await transaction.changed(ADMIN_KEY_TOPIC, key.id);
    return { key, secret };
  }

  /** Ends exactly the key that was found in the open, whoever found it. @returns whether it existed. */
  async endLeaked(secret: string, { address, source }: { address: string; source: string | undefined }): Promise<boolean> {
    if (!hasSecretFormat(ADMIN_KEY_PREFIX, secret)) return false;
    const digest = this.digester.digest(secret);
    return this.unitOfWork.run(async ({ manager, changed }) => {
      const key = await manager.findOneBy(AdminKey, { digest });
      if (!key) return false;
      await manager.delete(AdminKey, { id: key.id });
      const detail = { id: key.id, label: key.label, hint: key.hint, source };
      await this.audit.record(manager, { kind: 'admin_key.leaked', actor: 'leak report', address, detail });
      await changed(ADMIN_KEY_TOPIC, key.id);
      return true;
    });
  }

  async delete(id: string, actor: string): Promise<void> {
    await this.unitOfWork.run(async ({ manager, changed }) => {
      const key = await manager.findOneBy(AdminKey, { id });
      const { affected } = await manager.delete(AdminKey, { id });
      if (!key || affected === 0) throw new ProblemError('not_found', 'There is no admin key with this id.');
      await this.audit.record(manager, { kind: 'admin_key.deleted', actor, detail: { id, label: key.label } });
      await changed(ADMIN_KEY_TOPIC, id);
    });
  }
}

function readExpiry(expiresAt: string | undefined, now: number): number | null {
  if (expiresAt === undefined) return null;
  const end = Date.parse(expiresAt);
  if (end > now) return end;
  const message = 'must be in the future';
  throw new ProblemError('validation_failed', `expiresAt: ${message}`, { errors: [{ field: 'expiresAt', message }] });
}
