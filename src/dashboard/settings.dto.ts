import { ApiProperty } from '@nestjs/swagger';
import { ADMIN_ROLES, type AdminRole, OPTIONAL_GRANTS, SIGNING_ALGS, TRACE_SAMPLERS, type TraceSampler } from '../config/config.js';

export class UrlsDto {
  @ApiProperty({ example: 'https://docs.example.com/authed/mcp' })
  issuer!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp/oauth/token' })
  token!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp/oauth/revoke' })
  revoke!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp/oauth/introspect' })
  introspect!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp/oauth/leaked' })
  leaked!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp/oauth/jwks' })
  jwks!: string;

  @ApiProperty({ example: 'https://docs.example.com/.well-known/oauth-authorization-server/authed/mcp' })
  authorizationServerMetadata!: string;

  @ApiProperty({ example: 'https://docs.example.com/authed/mcp', description: 'The default server, token required.' })
  protectedMcp!: string;

  @ApiProperty({ example: 'https://docs.example.com/mcp', description: 'The default server’s public face.' })
  publicMcp!: string;

  @ApiProperty({ example: 'https://docs.example.com/api/v1' })
  adminApi!: string;

  @ApiProperty({ example: 'https://docs.example.com/api/docs' })
  apiDocs!: string;

  @ApiProperty({ example: 'https://docs.example.com/dashboard' })
  dashboard!: string;
}

export class TokenSettingsDto {
  @ApiProperty({ example: 3600 })
  ttlSeconds!: number;

  @ApiProperty({ enum: SIGNING_ALGS, example: 'ES256' })
  signingAlg!: string;

  @ApiProperty({ example: 90, description: '0 for never.' })
  keyRotationDays!: number;

  @ApiProperty({ enum: OPTIONAL_GRANTS, isArray: true, example: ['jwt-bearer', 'token-exchange'] })
  optionalGrants!: readonly string[];

  @ApiProperty({ example: false })
  refreshTokens!: boolean;

  @ApiProperty({ example: 1_209_600 })
  refreshTtlSeconds!: number;

  @ApiProperty({ example: false })
  dpopNonces!: boolean;

  @ApiProperty({ example: false, description: 'Whether a proxy passes client certificates on.' })
  clientCertificates!: boolean;
}

export class LimitSettingsDto {
  @ApiProperty({ example: true, description: 'False where RATE_LIMITS is off, and nothing is limited.' })
  enabled!: boolean;

  @ApiProperty({ example: 1000, description: 'Token requests per address and hour.' })
  tokenPerAddress!: number;

  @ApiProperty({ type: Number, nullable: true, example: null, description: 'Token requests per credential and hour; null for no limit.' })
  tokenPerCredential!: number | null;

  @ApiProperty({ example: 10, description: 'Failed client authentications per client and address, a minute.' })
  tokenFailures!: number;

  @ApiProperty({ example: 100, description: 'Leak reports per address and hour.' })
  leakReports!: number;

  @ApiProperty({ example: 5000, description: 'Messages per address and hour on /mcp.' })
  docsPerAddress!: number;

  @ApiProperty({ example: 10_000, description: 'Calls of each tool per hour on /mcp.' })
  docsPerTool!: number;

  @ApiProperty({ example: 5000, description: 'Calls of each tool per credential and hour on /authed/mcp.' })
  docsPerCredential!: number;

  @ApiProperty({ example: 10, description: 'Failed admin sign-ins per name and address, in fifteen minutes.' })
  signInFailures!: number;
}

export class StorageSettingsDto {
  @ApiProperty({ enum: ['sqlite', 'mysql', 'mariadb'], example: 'sqlite' })
  database!: 'sqlite' | 'mysql' | 'mariadb';

  @ApiProperty({ example: false })
  redis!: boolean;

  @ApiProperty({ example: 90 })
  usageRetentionDays!: number;

  @ApiProperty({ type: Number, nullable: true, example: null, description: '`AUDIT_RETENTION_DAYS`; null for always.' })
  auditRetentionDays!: number | null;

  @ApiProperty({ example: 60, description: 'Seconds without the database before tokens and calls are refused.' })
  stateMaxStalenessSeconds!: number;
}

export class NetworkSettingsDto {
  @ApiProperty({ type: [String], example: [] })
  trustProxy!: readonly string[];

  @ApiProperty({ type: [String], example: ['https://docs.example.com'] })
  allowedOrigins!: readonly string[];

  @ApiProperty({ type: [String], example: [] })
  egressAllow!: readonly string[];
}

export class DocsSettingsDto {
  @ApiProperty({ example: '/srv/docs' })
  dir!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  name!: string | null;

  @ApiProperty({ example: false, description: 'Whether /mcp shows every page, not only those that say `public: true`.' })
  allPublic!: boolean;
}

export class OidcRoleDto {
  @ApiProperty({ example: 'platform' })
  value!: string;

  @ApiProperty({ enum: ADMIN_ROLES, example: 'operator' })
  role!: AdminRole;
}

export class OidcSettingsDto {
  @ApiProperty({ example: 'https://login.example.com' })
  issuer!: string;

  @ApiProperty({ example: 'gatehouse' })
  clientId!: string;

  @ApiProperty({ example: 'groups' })
  roleClaim!: string;

  @ApiProperty({ type: [OidcRoleDto] })
  roles!: OidcRoleDto[];

  @ApiProperty({ example: 'https://docs.example.com/dashboard/sign-in/oidc/callback', description: 'What the provider must know.' })
  redirectUri!: string;
}

export class SignInSettingsDto {
  @ApiProperty({ example: 28_800 })
  idleSeconds!: number;

  @ApiProperty({ example: 604_800 })
  ttlSeconds!: number;

  @ApiProperty({ type: OidcSettingsDto, nullable: true })
  oidc!: OidcSettingsDto | null;
}

export class MetricsSettingsDto {
  @ApiProperty({ example: true, description: 'Whether METRICS_TOKEN is set. The token itself is shown nowhere.' })
  enabled!: boolean;

  @ApiProperty({ example: 'https://docs.example.com/metrics' })
  url!: string;
}

export class TracingSettingsDto {
  @ApiProperty({ example: 'http://127.0.0.1:4318/v1/traces', description: 'Where spans go. Headers, which may hold a key, are not shown.' })
  url!: string;

  @ApiProperty({ example: 'gatehouse' })
  serviceName!: string;

  @ApiProperty({ enum: TRACE_SAMPLERS, example: 'parentbased_traceidratio' })
  sampler!: TraceSampler;

  @ApiProperty({ type: Number, nullable: true, example: 0.1, description: 'Of all traces; null for a sampler that takes no part.' })
  ratio!: number | null;
}

export class SettingsDto {
  @ApiProperty({ example: '0.1.0' })
  version!: string;

  @ApiProperty({ example: 'v20.20.2' })
  node!: string;

  @ApiProperty({ example: 'https://docs.example.com' })
  publicUrl!: string;

  @ApiProperty({ type: UrlsDto })
  urls!: UrlsDto;

  @ApiProperty({ type: TokenSettingsDto })
  tokens!: TokenSettingsDto;

  @ApiProperty({ type: LimitSettingsDto })
  limits!: LimitSettingsDto;

  @ApiProperty({ type: StorageSettingsDto })
  storage!: StorageSettingsDto;

  @ApiProperty({ type: NetworkSettingsDto })
  network!: NetworkSettingsDto;

  @ApiProperty({ type: DocsSettingsDto })
  docs!: DocsSettingsDto;

  @ApiProperty({ type: SignInSettingsDto })
  signIn!: SignInSettingsDto;

  @ApiProperty({ example: 'info' })
  logLevel!: string;

  @ApiProperty({ type: MetricsSettingsDto })
  metrics!: MetricsSettingsDto;

  @ApiProperty({ type: TracingSettingsDto, nullable: true, description: 'null without OTEL_EXPORTER_OTLP_ENDPOINT.' })
  tracing!: TracingSettingsDto | null;
}
