import type { AuthenticationViewDto } from './authentication.dto.js';
import { type CredentialSettings, defaultGrantTypes } from './credential-settings.js';
import type { CredentialDto, CredentialStatus, SecretDto } from './credential.dto.js';
import type { Credential } from './credential.entity.js';
import type { CredentialWithSecrets } from './credentials.service.js';

const iso = (time: number): string => new Date(time).toISOString();
const optionalIso = (time: number | null): string | null => (time === null ? null : iso(time));

export function statusOf(credential: Pick<Credential, 'isEnabled' | 'expiresAt'>, now: number): CredentialStatus {
  if (!credential.isEnabled) return 'disabled';
  return credential.expiresAt !== null && credential.expiresAt <= now ? 'expired' : 'enabled';
}

/** What an admin sees of a credential. */
export function toCredentialDto({ credential, secrets }: CredentialWithSecrets, now: number): CredentialDto {
  const { id, clientId, label, authMethod, servers, scopes, tokenTtl, allowedIps, docsGroups } = credential;
  const { createdBy, overFetchCount, overFetchedAt } = credential;
  return {
    id,
    clientId,
    label,
    status: statusOf(credential, now),
    authMethod,
    servers,
    scopes,
    tokenTtl,
    allowedIps,
    docsGroups: docsGroups ?? [],
    ...toAuthenticationView(credential),
    secrets: secrets.map(toSecretDto),
    createdAt: iso(credential.createdAt),
    createdBy,
    updatedAt: iso(credential.updatedAt),
    expiresAt: optionalIso(credential.expiresAt),
    lastUsedAt: optionalIso(credential.lastUsedAt),
    ...toObservation(credential, now),
    overFetching: overFetchedAt === null ? null : { count: overFetchCount, lastAt: iso(overFetchedAt) },
  };
}

/** What a setting is where nothing is stored. */
const UNSET: Omit<AuthenticationViewDto, 'grantTypes'> = {
  jwks: null,
  jwksUri: null,
  trust: null,
  tlsSubject: null,
  dpopRequired: false,
  certificateBound: false,
  strictScope: false,
  issueRefreshToken: true,
  acceptTokenEndpointAudience: false,
  allowAssertionReuse: false,
  singleUseAssertion: false,
  introspects: [],
  tokensPerHour: null,
  permissions: null,
};

const toAuthenticationView = ({ authMethod, grantTypes, settings }: Credential): AuthenticationViewDto => ({
  grantTypes: grantTypes ?? defaultGrantTypes(authMethod),
  ...UNSET,
  ...(withoutObservation(settings) as Partial<AuthenticationViewDto>),
});

function withoutObservation(settings: CredentialSettings | null): object {
  const { observeUntil: _, ...rest } = settings ?? {};
  return rest;
}

function toObservation({ settings }: Credential, now: number): Pick<CredentialDto, 'observe' | 'observeUntil' | 'warnings'> {
  const until = settings?.observeUntil ?? 0;
  if (until <= now) return { observe: false, observeUntil: null, warnings: [] };
  const warning = `In observe mode until ${iso(until)}: on its servers everything is allowed, whatever its scopes.`;
  return { observe: true, observeUntil: iso(until), warnings: [warning] };
}

const toSecretDto = (secret: CredentialWithSecrets['secrets'][number]): SecretDto => ({
  id: secret.id,
  hint: secret.hint,
  createdAt: iso(secret.createdAt),
  expiresAt: optionalIso(secret.expiresAt),
  lastUsedAt: optionalIso(secret.lastUsedAt),
  lastUsedIp: secret.lastUsedIp,
});
