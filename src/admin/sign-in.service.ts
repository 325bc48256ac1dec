import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { hasSecretFormat } from '../common/secret-format.js';
import { Digester } from '../database/digester.js';
import { AdminKey } from './admin-key.entity.js';
import { Admin } from './admin.entity.js';
import type { AdminPrincipal } from './current-admin.decorator.js';
import { LastSeen } from './last-seen.service.js';
import { PasswordVerifier } from './passwords.js';
import { SignInThrottle } from './sign-in-throttle.service.js';

export const ADMIN_KEY_PREFIX = 'mka_';
/** Stands in for the name of those who present a key alone. */
const NAMELESS = '(bearer)';

/** What somebody presents to sign in. */
export interface SignIn {
  readonly name: string;
  readonly password: string;
  readonly address: string;
}

/** Signs people in by name and password, scripts by key id and key secret. */
@Injectable()
export class SignInService {
  private readonly passwords = new PasswordVerifier();

  constructor(
    @InjectRepository(Admin) private readonly admins: Repository<Admin>,
    @InjectRepository(AdminKey) private readonly keys: Repository<AdminKey>,
    private readonly digester: Digester,
    private readonly throttle: SignInThrottle,
    private readonly lastSeen: LastSeen,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `too_many_requests` while the name or the address is slowed. Undefined where the sign-in is wrong. */
  signIn({ name, password, address }: SignIn): Promise<AdminPrincipal | undefined> {
    const isKey = hasSecretFormat(ADMIN_KEY_PREFIX, password);
    return this.attempt(name, address, () => (isKey ? this.byKey(password, name) : this.byPassword(name, password)));
  }

  /** Signs a script in by its key secret alone (`Authorization: Bearer`). An MCP access token is none (R-ADM-05). */
  signInWithKey(secret: string, address: string): Promise<AdminPrincipal | undefined> {
    return this.attempt(NAMELESS, address, () => this.byKey(secret));
  }

  /** Whether this is the password of an admin who may sign in. Costs nothing for one that was right a moment ago. */
  isPasswordOf(admin: Admin, password: string): Promise<boolean> {
    return this.passwords.verify(password, passwordHashOf(admin));
  }

  private async attempt(
    name: string,
    address: string,
    check: () => Promise<AdminPrincipal | undefined>,
  ): Promise<AdminPrincipal | undefined> {
    const claimant = { name: name.toLowerCase(), address };
    await this.throttle.check(claimant);
    const principal = await check();
    if (!principal) await this.throttle.countFailure(claimant, () => this.actorOf(name));
    // Of many guesses at once all pass the first check; what came out right after too many wrong ones is not told.
    else await this.throttle.check(claimant);
    return principal;
  }

  private async byPassword(name: string, password: string): Promise<AdminPrincipal | undefined> {
    const admin = await this.findByName(name);
    const isRight = await this.passwords.verify(password, admin ? passwordHashOf(admin) : undefined);
    if (!admin || !isRight) return undefined;
    this.lastSeen.note(admin.id, { kind: 'admin', at: this.clock() }, admin.lastSignInAt);
    return { id: admin.id, name: admin.username, role: admin.role, kind: 'admin' };
  }

  private async byKey(secret: string, id?: string): Promise<AdminPrincipal | undefined> {
    if (!hasSecretFormat(ADMIN_KEY_PREFIX, secret)) return undefined;
    const key = await this.keys.findOneBy({ digest: this.digester.digest(secret) });
    const now = this.clock();
    if (!key || (id !== undefined && id !== key.id) || (key.expiresAt !== null && key.expiresAt <= now)) return undefined;
    this.lastSeen.note(key.id, { kind: 'key', at: now }, key.lastUsedAt);
    return { id: key.id, name: actorOfKey(key.id), role: key.role, kind: 'key' };
  }

  /** A name that does not exist may be a password typed into the wrong field, and is written down nowhere. */
  private async actorOf(name: string): Promise<string | undefined> {
    const admin = await this.findByName(name);
    if (admin) return admin.username;
    const key = await this.keys.findOneBy({ id: name });
    return key?.id === name ? actorOfKey(name) : undefined;
  }

  /** MySQL takes `ada` and `ada ` for the same; to the throttle they are two names, with a limit each. */
  private async findByName(name: string): Promise<Admin | undefined> {
    const username = name.toLowerCase();
    const admin = await this.admins.findOneBy({ username });
    return admin?.username === username ? admin : undefined;
  }
}

/** Undefined for those who may not sign in with a password. */
const passwordHashOf = ({ isEnabled, passwordHash }: Admin): string | undefined =>
  isEnabled && passwordHash !== '' ? passwordHash : undefined;

const actorOfKey = (id: string): string => `key:${id}`;
