import { Inject, Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { AuditService, type EventKind } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { type Transaction, UnitOfWork } from '../database/unit-of-work.service.js';
import { RefreshToken } from '../tokens/refresh-token.entity.js';
import { RefreshTokens } from '../tokens/refresh-tokens.service.js';
import { RevokedToken } from '../tokens/revoked-token.entity.js';
import { Credential } from './credential.entity.js';
import { CREDENTIAL_TOPIC } from './credential-directory.service.js';
import { lockCredential } from './lock-credential.js';

/** Revoked tokens of one credential that are kept one by one. Beyond, all its tokens end, refresh tokens too: what is in memory stays bounded. */
const MAX_REVOKED = 1000;
/** Replicas whose clocks lag accept a token after its end. For so long it must be known as revoked. */
const KEEP_MS = 60_000;

export interface RevokedAccess {
  readonly jti: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Whose tokens are ended, and how it came to that. */
export interface Revocation {
  readonly credential: { readonly id: string; readonly clientId: string };
  readonly kind: EventKind;
  readonly address: string;
}

/** Ends tokens before their time, on every replica: the change feed carries it like any change of the credential (R-REV-06). */
@Injectable()
export class TokenRevocation {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly refreshTokens: RefreshTokens,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Ends one access token. */
  async revokeAccess(revocation: Revocation, access: RevokedAccess): Promise<void> {
    await this.unitOfWork.run(async (transaction) => {
      await lockCredential(transaction.manager, revocation.credential.id);
      await this.end(transaction, revocation, [access]);
    });
  }

  /** Ends a family of refresh tokens, and the access tokens that came with it (RFC 7009 §2.1, RFC 9700 §4.14.2). */
  async revokeFamily(revocation: Revocation, familyId: string): Promise<void> {
    await this.unitOfWork.run(async (transaction) => {
      await lockCredential(transaction.manager, revocation.credential.id);
      const family = await this.refreshTokens.endFamily(transaction, familyId, this.clock() - KEEP_MS);
      if (!family) return;
      const accesses = family.map(({ accessJti, accessExpiresAt }) => ({ jti: accessJti, expiresAt: accessExpiresAt }));
      await this.end(transaction, revocation, accesses);
    });
  }

  private async end(transaction: Transaction, revocation: Revocation, accesses: readonly RevokedAccess[]): Promise<void> {
    const { manager } = transaction;
    const { credential, kind, address } = revocation;
    const credentialId = credential.id;
    const kept = await manager.countBy(RevokedToken, { credentialId, expiresAt: MoreThan(this.clock()) });
    const endsAll = kept + accesses.length > MAX_REVOKED;
    if (endsAll) await this.endAll(transaction, credentialId);
    else for (const access of accesses) await manager.upsert(RevokedToken, toRow(access, credentialId), ['jti']);
    const detail = { jti: accesses.slice(0, 20).map(({ jti }) => jti), ...(endsAll ? { endsAll } : {}) };
    await this.audit.record(manager, { kind, credentialId, clientId: credential.clientId, address, detail });
    await transaction.changed(CREDENTIAL_TOPIC, credentialId);
  }

  private async endAll({ manager }: Transaction, credentialId: string): Promise<void> {
    const credential = await lockCredential(manager, credentialId);
    if (!credential) return;
    await manager.update(Credential, { id: credentialId }, { tokensNotBefore: nextNotBefore(credential, this.clock()) });
    await manager.delete(RevokedToken, { credentialId });
    await manager.delete(RefreshToken, { credentialId });
  }
}

/**
 * What ends every token that a credential has now, in milliseconds since the Unix epoch. The second under way is over for its tokens,
 * too, for `iat` tells no less; those made since the last time may say the next second already.
 */
export function nextNotBefore({ tokensNotBefore }: Pick<Credential, 'tokensNotBefore'>, now: number): number {
  const last = tokensNotBefore ?? 0;
  return last > now ? last + 1000 : (Math.floor(now / 1000) + 1) * 1000;
}

const toRow = ({ jti, expiresAt }: RevokedAccess, credentialId: string): RevokedToken => ({
  jti,
  credentialId,
  expiresAt: expiresAt + KEEP_MS,
});
