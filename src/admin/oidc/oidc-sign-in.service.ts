import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { newId } from '../../common/ids.js';
import { isDuplicate, type Transaction, UnitOfWork } from '../../database/unit-of-work.service.js';
import { ProblemError } from '../../protocol/problem.js';
import { Admin, ADMIN_TOPIC, type Role } from '../admin.entity.js';
import { lockAdmins, requireAnotherOwner } from '../admins.service.js';
import type { Browser } from '../sessions/browser.js';
import { endSessionsOf, type NewSession, SessionsService } from '../sessions/sessions.service.js';
import { type Identity, OidcProvider } from './oidc-provider.service.js';
import { roleForClaims, usernameForClaims } from './role-for-claims.js';

/** Why somebody whom the provider knows does not come in. */
export type OidcRefusal = 'oidc_no_role' | 'oidc_disabled' | 'oidc_last_owner' | 'oidc_name';

const ACTOR = 'oidc';
/** Of one name: the second `grace` is `grace-2`. */
const NAMESAKES = 20;

/** Signs in those for whom the provider vouches. Their role is what its claims say now; without one nobody comes in. */
@Injectable()
export class OidcSignIn {
  constructor(
    private readonly provider: OidcProvider,
    private readonly sessions: SessionsService,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async signIn(identity: Identity, browser: Browser): Promise<NewSession | OidcRefusal> {
    try {
      return await this.attempt(identity, browser);
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'last_owner') return 'oidc_last_owner';
      // Of two first sign-ins at once, the second finds what the first has made.
      if (isDuplicate(error)) return this.attempt(identity, browser);
      throw error;
    }
  }

  private attempt({ issuer, subject, claims }: Identity, browser: Browser): Promise<NewSession | OidcRefusal> {
    const externalId = createHash('sha256').update(`${issuer}\n${subject}`).digest('hex');
    const role = roleForClaims(claims, this.provider.requireSettings());
    return this.unitOfWork.run(async (transaction) => {
      const known = await findLocked(transaction.manager, externalId);
      if (!role) return this.shutOut(transaction, known);
      if (known?.isEnabled === false) return 'oidc_disabled';
      const admin = known ? await this.adjust(transaction, known, role) : await this.create(transaction, { externalId, role, claims });
      return admin ? this.sessions.begin(transaction, admin, { method: 'oidc', browser }) : 'oidc_name';
    });
  }

  /** Who has lost the role has no session either. */
  private async shutOut({ manager, changed }: Transaction, admin: Admin | null): Promise<OidcRefusal> {
    if (!admin) return 'oidc_no_role';
    const sessions = await endSessionsOf(manager, admin.id);
    if (sessions > 0) {
      const detail = { username: admin.username, sessions };
      await this.audit.record(manager, { kind: 'admin.sessions_ended', actor: ACTOR, detail });
      await changed(ADMIN_TOPIC, admin.id);
    }
    return 'oidc_no_role';
  }

  private async adjust({ manager, changed }: Transaction, admin: Admin, role: Role): Promise<Admin> {
    if (admin.role === role) return admin;
    await requireAnotherOwner(manager, admin);
    await endSessionsOf(manager, admin.id);
    await manager.update(Admin, { id: admin.id }, { role });
    const detail = { username: admin.username, fields: ['role'], role };
    await this.audit.record(manager, { kind: 'admin.changed', actor: ACTOR, detail });
    await changed(ADMIN_TOPIC, admin.id);
    return manager.findOneByOrFail(Admin, { id: admin.id });
  }

  /** Undefined where too many have this name. */
  private async create(
    { manager, changed }: Transaction,
    { externalId, role, claims }: { externalId: string; role: Role; claims: Identity['claims'] },
  ): Promise<Admin | undefined> {
    const username = await findFreeName(manager, usernameForClaims(claims, externalId));
    if (username === undefined) return undefined;
    const id = newId();
    await manager.insert(Admin, {
      id,
      username,
      passwordHash: '',
      role,
      externalId,
      createdAt: this.clock(),
      createdBy: ACTOR,
      lastSignInAt: null,
    });
    await this.audit.record(manager, { kind: 'admin.created', actor: ACTOR, detail: { username, role } });
    await changed(ADMIN_TOPIC, id);
    return manager.findOneByOrFail(Admin, { id });
  }
}

async function findLocked(manager: EntityManager, externalId: string): Promise<Admin | null> {
  const found = await manager.findOneBy(Admin, { externalId });
  if (!found) return null;
  await lockAdmins(manager, found.id);
  return manager.findOneBy(Admin, { externalId });
}

/** Never somebody else's: a name alone does not make anybody the admin who has it. */
async function findFreeName(manager: EntityManager, wanted: string): Promise<string | undefined> {
  for (let number = 1; number <= NAMESAKES; number++) {
    const username = number === 1 ? wanted : `${wanted}-${number}`;
    if (!(await manager.existsBy(Admin, { username }))) return username;
  }
  return undefined;
}
