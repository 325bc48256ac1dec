import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CONFIG, type Config } from '../config/config.js';
import { isDuplicate, UnitOfWork } from '../database/unit-of-work.service.js';
import { Admin } from './admin.entity.js';
import { generatePassword, hashPassword } from './passwords.js';

/** The owner that the first start made, with the password if it was generated, so that it can be shown once. */
export interface FirstOwnerResult {
  readonly username: string;
  readonly generatedPassword: string | undefined;
}

/** Creates the first owner where there is no admin yet. Without one nobody could sign in; with a default password anybody could. */
@Injectable()
export class FirstOwner {
  constructor(
    @InjectRepository(Admin) private readonly admins: Repository<Admin>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined where there is an admin already. */
  async ensure(): Promise<FirstOwnerResult | undefined> {
    if ((await this.admins.count()) > 0) return undefined;
    const { username, password } = this.config.admin;
    const generatedPassword = password === undefined ? generatePassword() : undefined;
    const passwordHash = await hashPassword(password ?? generatedPassword ?? '');
    const owner = {
      id: newId(),
      username,
      passwordHash,
      mustChangePassword: generatedPassword !== undefined,
      role: 'owner' as const,
      createdAt: this.clock(),
      createdBy: 'start',
      lastSignInAt: null,
    };
    try {
      await this.unitOfWork.run(async ({ manager }) => {
        await manager.insert(Admin, owner);
        await this.audit.record(manager, { kind: 'admin.created', actor: 'start', detail: { username, role: 'owner' } });
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      return undefined; // a replica that starts at the same time has made it, and shows the password
    }
    return { username, generatedPassword };
  }
}
