import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.service.js';
import { ProblemError } from '../../protocol/problem.js';
import { Admin } from '../admin.entity.js';
import { SignInService } from '../sign-in.service.js';
import type { Browser } from './browser.js';
import type { SignInDto } from './session.dto.js';
import { type NewSession, SessionsService } from './sessions.service.js';

/** Opens a session to whoever knows an admin's name and password. */
@Injectable()
export class SessionSignIn {
  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** @throws {ProblemError} `unauthorized`, `too_many_requests`. */
  async signIn({ username, password }: SignInDto, browser: Browser): Promise<NewSession> {
    const principal = await this.signIns.signIn({ name: username, password, address: browser.address });
    // A key is for scripts: it signs each of its requests, and has no session.
    if (principal?.kind !== 'admin') throw wrongSignIn();
    return this.unitOfWork.run(async (transaction) => {
      const admin = await lockAdmin(transaction.manager, principal.id);
      // What was right a moment ago may have been changed since, and that change has ended the sessions there were.
      if (!admin || !(await this.signIns.isPasswordOf(admin, password))) throw wrongSignIn();
      return this.sessions.begin(transaction, admin, { method: 'password', browser });
    });
  }
}

export async function lockAdmin(manager: EntityManager, id: string): Promise<Admin | null> {
  if (manager.dataSource.options.type === 'better-sqlite3') return manager.findOneBy(Admin, { id }); // transactions run one at a time there
  return manager.findOne(Admin, { where: { id }, lock: { mode: 'pessimistic_write' } });
}

const wrongSignIn = (): ProblemError => new ProblemError('unauthorized', 'The name or the password is wrong.');
