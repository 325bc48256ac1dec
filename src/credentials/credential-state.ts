import { AddressSet, plainAddress } from '../common/address-set.js';
import { Permissions } from '../servers/permissions.js';
import { usableKeys, type VerificationKey } from '../tokens/verification-key.js';
import type { ClientSecret } from './client-secret.entity.js';
import type { Credential } from './credential.entity.js';
import { type AuthMethod, type CredentialSettings, defaultGrantTypes, type GrantType, proofFingerprint } from './credential-settings.js';

export interface SecretState {
  readonly id: string;
  readonly digest: string;
  readonly expiresAt: number | null;
}

/** What says whether one party to a token is still what it was. */
export interface TokenParty {
  readonly auth_id: string;
  readonly jti: string;
  /** Seconds since the Unix epoch. */
  readonly iat: number;
  /** Id of the server that it is for; absent where that is another token's to say. */
  readonly server_id?: string;
}

/** A credential as it is held in memory: enough to authenticate it, to limit it, and to say whether its tokens are alive. */
export class CredentialState {
  readonly id: string;
  readonly clientId: string;
  readonly authMethod: AuthMethod;
  readonly settings: CredentialSettings;
  readonly servers: readonly string[];
  /** Its ceiling; null for the default scopes of its servers. */
  readonly scopes: readonly string[] | null;
  /** The groups of readers that it belongs to, on documentation servers. */
  readonly docsGroups: readonly string[];
  /** Seconds; null for the server's or the installation's default. */
  readonly tokenTtl: number | null;
  readonly expiresAt: number | null;
  readonly secrets: readonly SecretState[];
  /** The public keys that it registered with us. */
  readonly keys: readonly VerificationKey[];
  /** What tokens name as their proof where that is neither a secret nor a registered key. */
  readonly proofId: string | undefined;
  /** Seconds since the Unix epoch: tokens issued before have ended. */
  readonly tokensNotBefore: number;
  /** Milliseconds since the Unix epoch: until then, what its scopes do not allow is allowed all the same, and recorded. 0 for never. */
  readonly observeUntil: number;
  private readonly permissions: ReadonlyMap<string, Permissions>;
  private readonly grantTypes: readonly GrantType[];
  private readonly isEnabled: boolean;
  private readonly allowed: AddressSet | undefined;

  constructor(
    credential: Credential,
    secrets: readonly ClientSecret[],
    private readonly revoked: ReadonlySet<string> = new Set(),
  ) {
    this.id = credential.id;
    this.clientId = credential.clientId;
    this.authMethod = credential.authMethod;
    this.settings = credential.settings ?? {};
    this.servers = credential.servers;
    this.scopes = credential.scopes;
    this.docsGroups = credential.docsGroups ?? [];
    this.tokenTtl = credential.tokenTtl;
    this.expiresAt = credential.expiresAt;
    this.observeUntil = credential.settings?.observeUntil ?? 0;
    this.permissions = compilePermissions(this.settings);
    this.isEnabled = credential.isEnabled;
    this.grantTypes = credential.grantTypes ?? defaultGrantTypes(credential.authMethod);
    this.tokensNotBefore = Math.ceil((credential.tokensNotBefore ?? 0) / 1000);
    this.keys = this.settings.jwks ? usableKeys(this.settings.jwks) : [];
    this.proofId = proofFingerprint(this.authMethod, this.settings);
    this.allowed = credential.allowedIps ? new AddressSet(credential.allowedIps) : undefined;
    this.secrets = secrets.map(({ id, digest, expiresAt }) => ({ id, digest, expiresAt }));
  }

  /** Whether it is enabled and not expired. */
  isLive(now: number): boolean {
    return this.isEnabled && (this.expiresAt === null || this.expiresAt > now);
  }

  /** Whether it may use a grant. */
  mayUse(grantType: GrantType): boolean {
    return this.grantTypes.includes(grantType);
  }

  /** What narrows it on a server, whatever its scopes give; undefined where nothing does. */
  permissionsOn(slug: string): Permissions | undefined {
    return this.permissions.get(slug);
  }

  /** Whether it may come from this address. */
  allows(address: string): boolean {
    if (!this.allowed) return true;
    const plain = plainAddress(address);
    return plain !== undefined && this.allowed.has(plain);
  }

  /** Why a token of its has ended before its time; undefined while it has not. */
  findEnd(token: TokenParty, now: number): string | undefined {
    if (!this.isLive(now)) return 'The credential is disabled or has expired';
    if (!this.hasLiveProof(token.auth_id, now)) return 'The secret or key that the token was made with has ended';
    if (this.hasRevoked(token)) return 'The token was revoked';
    return undefined;
  }

  hasRevoked({ iat, jti }: Pick<TokenParty, 'iat' | 'jti'>): boolean {
    return iat < this.tokensNotBefore || this.revoked.has(jti);
  }

  /** Whether what a token was made with has not ended (`auth_id`). */
  private hasLiveProof(authId: string, now: number): boolean {
    if (this.proofId !== undefined) return this.proofId === authId;
    if (this.keys.some((key) => key.thumbprint === authId)) return true;
    return this.secrets.some((secret) => secret.id === authId && isLiveSecret(secret, now));
  }
}

const compilePermissions = ({ permissions = {} }: CredentialSettings): ReadonlyMap<string, Permissions> =>
  new Map(Object.entries(permissions).map(([slug, own]) => [slug, new Permissions(own)]));

export const isLiveSecret = (secret: Pick<SecretState, 'expiresAt'>, now: number): boolean =>
  secret.expiresAt === null || secret.expiresAt > now;
