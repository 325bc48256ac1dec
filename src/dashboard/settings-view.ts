import { VERSION } from '../common/version.js';
import type { Config, TracingConfig } from '../config/config.js';
import { PATHS } from '../protocol/urls.js';
import type { SettingsDto, SignInSettingsDto, TokenSettingsDto, TracingSettingsDto } from './settings.dto.js';

const SHOWN_URLS = {
  issuer: PATHS.issuer,
  token: PATHS.token,
  revoke: PATHS.revoke,
  introspect: PATHS.introspect,
  leaked: PATHS.leaked,
  jwks: PATHS.jwks,
  authorizationServerMetadata: PATHS.authorizationServerMetadata,
  protectedMcp: PATHS.protectedMcp,
  publicMcp: PATHS.publicMcp,
  adminApi: PATHS.adminApi,
  apiDocs: PATHS.swagger,
  dashboard: PATHS.dashboard,
} as const;

/** What an admin sees of the configuration: named one by one, so that nothing secret comes along. */
export function toSettings(
  config: Config,
  { database, node }: { database: SettingsDto['storage']['database']; node: string },
): SettingsDto {
  const { publicUrl, docs } = config;
  const { tokenPerCredential, ...limits } = config.rateLimits;
  return {
    version: VERSION,
    node,
    publicUrl,
    urls: Object.fromEntries(Object.entries(SHOWN_URLS).map(([name, path]) => [name, publicUrl + path])) as Record<
      keyof typeof SHOWN_URLS,
      string
    >,
    tokens: toTokenSettings(config),
    limits: { ...limits, tokenPerCredential: tokenPerCredential ?? null },
    storage: {
      database,
      redis: config.redisUrl !== undefined,
      usageRetentionDays: config.usageRetentionDays,
      auditRetentionDays: config.auditRetentionDays ?? null,
      stateMaxStalenessSeconds: config.stateMaxStalenessMs / 1000,
    },
    network: { trustProxy: config.trustProxy, allowedOrigins: config.allowedOrigins, egressAllow: config.egressAllow },
    docs: { dir: docs.dir, name: docs.name ?? null, allPublic: docs.public },
    signIn: toSignInSettings(config),
    logLevel: config.log.level,
    metrics: { enabled: config.metricsToken !== undefined, url: publicUrl + PATHS.metrics },
    tracing: config.tracing ? toTracingSettings(config.tracing) : null,
  };
}

const toTokenSettings = ({ tokens, dpopNonces, clientCertificates }: Config): TokenSettingsDto => ({
  ttlSeconds: tokens.ttlSeconds,
  signingAlg: tokens.signingAlg,
  keyRotationDays: tokens.keyRotationDays,
  optionalGrants: tokens.grants,
  refreshTokens: tokens.refreshTokens,
  refreshTtlSeconds: tokens.refreshTtlSeconds,
  dpopNonces,
  clientCertificates: clientCertificates !== undefined,
});

const toTracingSettings = ({ url, serviceName, sampler, ratio }: TracingConfig): TracingSettingsDto => ({
  url,
  serviceName,
  sampler,
  ratio: sampler.endsWith('traceidratio') ? ratio : null,
});

function toSignInSettings({ sessions, oidc, publicUrl }: Config): SignInSettingsDto {
  const times = { idleSeconds: sessions.idleMs / 1000, ttlSeconds: sessions.ttlMs / 1000 };
  if (!oidc) return { ...times, oidc: null };
  const { issuer, clientId, roleClaim, roles } = oidc;
  return { ...times, oidc: { issuer, clientId, roleClaim, roles: [...roles], redirectUri: publicUrl + PATHS.oidcCallback } };
}
