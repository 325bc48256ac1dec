import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, IsNull, MoreThan, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { generateSecret, hasSecretFormat } from '../common/secret-format.js';
import { CONFIG, type Config } from '../config/config.js';
import { Digester } from '../database/digester.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import type { AccessTokenClaims, Confirmation } from './claims.js';
import { RefreshToken } from './refresh-token.entity.js';

const PREFIX = 'mcr_';

/** Who a family of refresh tokens belongs to, and what its access tokens are for. */
export interface RefreshGrant {
  readonly credentialId: string;
  /** Slug. */
  readonly server: string;
  readonly scopes: readonly string[];
  readonly confirmation: Confirmation | null;
}

/** The access token that goes with a refresh token. */
type AccessToken = Pick<AccessTokenClaims, 'jti' | 'iat' | 'exp'>;

/** Whether the credential may still have tokens of this second, and will until the transaction ends. */
export type LockOwner = (manager: EntityManager, credentialId: string, iat: number) => Promise<boolean>;

/** An access token of a family. */
export type FamilyAccess = Pick<RefreshToken, 'accessJti' | 'accessExpiresAt'>;

/** Refresh tokens: used once, each use makes the next one of its family (RFC 9700 §4.14.2). Kept as digests. */
@Injectable()
export class RefreshTokens {
  constructor(
    @InjectRepository(RefreshToken) private readonly tokens: Repository<RefreshToken>,
    private readonly unitOfWork: UnitOfWork,
    private readonly digester: Digester,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The first token of a new family, which was issued with `access`; undefined where the credential lost its right meanwhile. */
  async begin(grant: RefreshGrant, access: AccessToken, lockOwner: LockOwner): Promise<string | undefined> {
    const expiresAt = this.clock() + this.config.tokens.refreshTtlSeconds * 1000;
    const { token, row } = this.make({ ...grant, familyId: newId(), expiresAt }, access);
    let issued: string | undefined;
    await this.unitOfWork.write(async (manager) => {
      if (!(await lockOwner(manager, grant.credentialId, access.iat))) return;
      await manager.insert(RefreshToken, row);
      issued = token;
    });
    return issued;
  }

  /** The token as it is stored, used or not; undefined for one that does not exist or whose family has ended. */
  async find(token: string): Promise<RefreshToken | undefined> {
    if (!hasSecretFormat(PREFIX, token)) return undefined;
    const found = await this.tokens.findOneBy({ digest: this.digester.digest(token) });
    return found && found.expiresAt > this.clock() ? found : undefined;
  }

  /** The next token of a family; undefined where this one was used already, by whoever was faster, or its family has ended. */
  async replace(used: RefreshToken, access: AccessToken, lockOwner: LockOwner): Promise<string | undefined> {
    const { credentialId, server, scopes, confirmation, familyId, expiresAt } = used;
    const { token, row } = this.make({ credentialId, server, scopes, confirmation, familyId, expiresAt }, access);
    let issued: string | undefined;
    await this.unitOfWork.write(async (manager) => {
      if (!(await lockOwner(manager, credentialId, access.iat)) || !(await this.markUsed(manager, used))) return;
      await manager.insert(RefreshToken, row);
      issued = token;
    });
    return issued;
  }

  /**
   * Ends a family within a transaction of the caller, which has locked its credential.
   * @returns the access tokens of it that expire after `since` (milliseconds since the Unix epoch); undefined where it had ended already.
   */
  async endFamily({ manager }: Transaction, familyId: string, since: number): Promise<readonly FamilyAccess[] | undefined> {
    const accesses = await manager.find(RefreshToken, {
      select: { accessJti: true, accessExpiresAt: true },
      where: { familyId, accessExpiresAt: MoreThan(since) },
    });
    const { affected } = await manager.delete(RefreshToken, { familyId });
    return affected === 0 ? undefined : accesses;
  }

  private async markUsed(manager: EntityManager, { id }: RefreshToken): Promise<boolean> {
    const { affected } = await manager.update(RefreshToken, { id, usedAt: IsNull() }, { usedAt: this.clock() });
    return affected === 1;
  }

  private make(
    grant: RefreshGrant & Pick<RefreshToken, 'familyId' | 'expiresAt'>,
    { jti, exp }: AccessToken,
  ): { token: string; row: RefreshToken } {
    const token = generateSecret(PREFIX);
    const row: RefreshToken = {
      ...grant,
      scopes: [...grant.scopes],
      id: newId(),
      digest: this.digester.digest(token),
      createdAt: this.clock(),
      usedAt: null,
      accessJti: jti,
      accessExpiresAt: exp * 1000,
    };
    return { token, row };
  }
}
