import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { StartupError } from '../common/startup-error.js';
import {
  type ClientCertificateConfig,
  type Config,
  type DatabaseConfig,
  LOG_LEVELS,
  OPTIONAL_GRANTS,
  type OptionalGrant,
  type RateLimitConfig,
  SIGNING_ALGS,
  type StdioConfig,
  type TokenConfig,
} from './config.js';
import { Environment } from './environment.js';
import { readMetricsToken, readTracing } from './observability-settings.js';
import { readShutdown } from './shutdown-settings.js';
import { readStdioCommands } from './stdio-commands.js';
import { readOidc, readSessions } from './sign-in-settings.js';

const TWO_WEEKS = 1_209_600;

/**
 * Reads the environment once and checks all of it.
 * @throws {StartupError} listing every fault by the variable's name, never by its value.
 */
export function loadConfig(variables: NodeJS.ProcessEnv, stdoutIsTerminal = false): Config {
  const env = new Environment(variables);
  const port = env.integer('PORT', { fallback: 3000, min: 0, max: 65_535, example: '3000' });
  const publicUrl = readPublicUrl(env, port);
  const dataDir = resolve(env.text('DATA_DIR', './data'));
  const database = readDatabase(env, dataDir);
  const trustProxy = readTrustProxy(env);
  const config: Config = {
    port,
    host: env.text('HOST', '127.0.0.1'),
    publicUrl,
    issuer: `${publicUrl}/authed/mcp`,
    dataDir,
    database,
    redisUrl: readRedisUrl(env),
    masterKey: readMasterKey(env, database),
    admin: { username: readUsername(env), password: readPassword(env) },
    sessions: readSessions(env),
    oidc: readOidc(env),
    docs: {
      dir: resolve(env.text('DOCS_DIR', './docs')),
      roots: env.list('DOCS_ROOTS').map((root) => resolve(root)),
      name: readDocsName(env),
      public: env.choice('DOCS_PUBLIC', ['pages', 'all'] as const, 'pages') === 'all',
      siteUrl: readSiteUrl(env),
    },
    tokens: readTokens(env),
    dpopNonces: env.choice('DPOP_NONCES', ['on', 'off'] as const, 'off') === 'on',
    clientCertificates: readClientCertificates(env, trustProxy),
    egressAllow: readEgressAllow(env, publicUrl),
    stdio: readStdio(env, variables),
    trustProxy,
    allowedOrigins: readAllowedOrigins(env, publicUrl),
    stateMaxStalenessMs: 1000 * env.integer('STATE_MAX_STALENESS', { fallback: 60, min: 1, max: 86_400, example: '60' }),
    shutdown: readShutdown(env, isLoopbackHost(new URL(publicUrl).hostname)),
    dashboardDir: readDashboardDir(env),
    rateLimits: readRateLimits(env),
    usageRetentionDays: env.integer('USAGE_RETENTION_DAYS', { fallback: 90, min: 1, max: 3650, example: '90' }),
    auditRetentionDays: env.integer('AUDIT_RETENTION_DAYS', { fallback: 0, min: 0, max: 36_500, example: '365' }) || undefined,
    log: {
      level: env.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
      format: env.choice('LOG_FORMAT', ['json', 'pretty'] as const, stdoutIsTerminal ? 'pretty' : 'json'),
    },
    metricsToken: readMetricsToken(env),
    tracing: readTracing(env),
  };
  if (env.faults.length > 0) throw new StartupError(env.faults.join('\n'));
  return deepFreeze(config);
}

export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

function readPublicUrl(env: Environment, port: number): string {
  const example = 'https://docs.example.com';
  const url = env.url('PUBLIC_URL', `http://localhost:${port}`, ['http:', 'https:'], example);
  if (!url) return `http://localhost:${port}`;
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    env.fault('PUBLIC_URL', 'must be https: unless its host is the loopback (tokens and secrets travel over it)', example);
  }
  if (url.pathname !== '/' || url.search || url.hash || url.username) {
    env.fault('PUBLIC_URL', 'must be scheme, host and port only, without path, query or user', example);
  }
  return url.origin;
}

function readSiteUrl(env: Environment): string | undefined {
  const example = 'https://docs.example.com';
  if (!env.optional('DOCS_SITE_URL')) return undefined;
  const url = env.url('DOCS_SITE_URL', undefined, ['http:', 'https:'], example);
  if (url && (url.search || url.hash || url.username || url.password)) {
    env.fault('DOCS_SITE_URL', 'must be without query, fragment or user', example);
  }
  return url?.href.replace(/\/+$/, '');
}

function readDatabase(env: Environment, dataDir: string): DatabaseConfig {
  const sqlite = { kind: 'sqlite', file: resolve(dataDir, 'gatehouse.sqlite') } as const;
  const example = 'mysql://user:password@127.0.0.1:3306/gatehouse';
  if (!env.optional('DATABASE_URL')) return sqlite;
  const url = env.url('DATABASE_URL', undefined, ['mysql:', 'mariadb:', 'sqlite:'], example);
  if (!url) return sqlite;
  if (url.protocol === 'sqlite:') return { kind: 'sqlite', file: resolve(decodeURIComponent(url.pathname)) };
  if (url.pathname.length < 2) env.fault('DATABASE_URL', 'names no database', example);
  return { kind: 'mysql', url: url.href };
}

function readRedisUrl(env: Environment): string | undefined {
  if (!env.optional('REDIS_URL')) return undefined;
  return env.url('REDIS_URL', undefined, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379')?.href;
}

function readMasterKey(env: Environment, database: DatabaseConfig): Buffer | undefined {
  const example = 'the output of `openssl rand -base64 32`';
  const text = env.optional('MASTER_KEY');
  if (!text) {
    if (database.kind === 'mysql') env.fault('MASTER_KEY', 'is required with MySQL or MariaDB, the same on every replica', example);
    return undefined;
  }
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) env.fault('MASTER_KEY', 'must be 32 bytes in base64', example);
  return key;
}

function readUsername(env: Environment): string {
  const name = env.text('ADMIN_USERNAME', 'admin');
  if (!/^[a-z0-9][a-z0-9._@-]{0,63}$/i.test(name)) {
    env.fault('ADMIN_USERNAME', 'must be 1 to 64 letters, digits, dots, hyphens, underscores or @', 'admin');
  }
  return name.toLowerCase();
}

function readPassword(env: Environment): string | undefined {
  const password = env.optional('ADMIN_PASSWORD');
  if (password !== undefined && (password.length < 12 || password.length > 200 || password.startsWith(':'))) {
    env.fault('ADMIN_PASSWORD', 'must have 12 to 200 characters and not begin with a colon', 'the output of `openssl rand -base64 18`');
  }
  return password;
}

function readDashboardDir(env: Environment): string | undefined {
  const dir = env.optional('DASHBOARD_DIR');
  return dir === undefined ? undefined : resolve(dir);
}

function readDocsName(env: Environment): string | undefined {
  const name = env.optional('DOCS_NAME');
  if (name !== undefined && !/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(name)) {
    env.fault('DOCS_NAME', 'must be 1 to 64 letters, digits, spaces, dots, hyphens or underscores', 'Acme Docs');
  }
  return name;
}

function readTrustProxy(env: Environment): readonly string[] {
  const addresses = env.list('TRUST_PROXY');
  if (!addresses.every(isAddressOrNetwork)) env.fault('TRUST_PROXY', 'must list IP addresses or networks', '10.0.0.0/8, 127.0.0.1');
  return addresses;
}

function readTokens(env: Environment): TokenConfig {
  return {
    ttlSeconds: env.integer('TOKEN_TTL', { fallback: 3600, min: 60, max: TWO_WEEKS, example: '3600' }),
    signingAlg: env.choice('SIGNING_ALG', SIGNING_ALGS, 'ES256'),
    grants: readGrants(env),
    keyRotationDays: env.integer('SIGNING_KEY_ROTATION_DAYS', { fallback: 90, min: 0, max: 3650, example: '90' }),
    refreshTokens: env.choice('REFRESH_TOKENS', ['on', 'off'] as const, 'off') === 'on',
    refreshTtlSeconds: env.integer('REFRESH_TOKEN_TTL', { fallback: TWO_WEEKS, min: 60, max: 90 * 86_400, example: String(TWO_WEEKS) }),
  };
}

function readGrants(env: Environment): readonly OptionalGrant[] {
  const names = env.optional('OPTIONAL_GRANTS') === 'none' ? [] : env.list('OPTIONAL_GRANTS');
  const grants = OPTIONAL_GRANTS.filter((grant) => names.includes(grant));
  if (grants.length !== names.length)
    env.fault('OPTIONAL_GRANTS', `must list ${OPTIONAL_GRANTS.join(' and ')}, or be none`, OPTIONAL_GRANTS.join(', '));
  return env.optional('OPTIONAL_GRANTS') === undefined ? OPTIONAL_GRANTS : grants;
}

function readClientCertificates(env: Environment, trustProxy: readonly string[]): ClientCertificateConfig | undefined {
  const header = env.optional('CLIENT_CERT_HEADER')?.toLowerCase();
  const file = env.optional('CLIENT_CERT_CA');
  if (header === undefined) {
    if (file !== undefined) env.fault('CLIENT_CERT_CA', 'has no meaning without CLIENT_CERT_HEADER', 'client-cert');
    return undefined;
  }
  if (!/^[a-z0-9-]{1,64}$/.test(header)) env.fault('CLIENT_CERT_HEADER', 'must be the name of a header', 'client-cert');
  if (trustProxy.length === 0)
    env.fault('CLIENT_CERT_HEADER', 'is believed from proxies only: set TRUST_PROXY too', 'TRUST_PROXY=10.0.0.0/8');
  return { header, authorities: file === undefined ? undefined : readAuthorities(env, file) };
}

function readAuthorities(env: Environment, file: string): string | undefined {
  try {
    const pem = readFileSync(file, 'utf8');
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    for (const block of blocks) new X509Certificate(block);
    if (blocks.length > 0) return blocks.join('\n');
  } catch {
    // Said below, without the path's content.
  }
  env.fault('CLIENT_CERT_CA', 'must be a readable file of certificates in PEM', '/etc/gatehouse/client-ca.pem');
  return undefined;
}

function readEgressAllow(env: Environment, publicUrl: string): readonly string[] {
  const networks = env.list('EGRESS_ALLOW');
  if (!networks.every(isAddressOrNetwork)) env.fault('EGRESS_ALLOW', 'must list IP addresses or networks', '10.0.0.0/8, fd00::/8');
  if (networks.length > 0) return networks;
  return isLoopbackHost(new URL(publicUrl).hostname) ? ['127.0.0.0/8', '::1/128'] : [];
}

function readStdio(env: Environment, variables: NodeJS.ProcessEnv): StdioConfig {
  const maxChildren = env.integer('STDIO_MAX_CHILDREN', { fallback: 20, min: 1, max: 1000, example: '20' });
  const file = env.optional('STDIO_COMMANDS_FILE');
  if (file === undefined) return { commands: {}, maxChildren };
  const { commands, faults } = readStdioCommands(resolve(file), variables);
  for (const fault of faults) env.fault('STDIO_COMMANDS_FILE', fault, '/etc/gatehouse/commands.yaml');
  return { commands, maxChildren };
}

function readAllowedOrigins(env: Environment, publicUrl: string): readonly string[] {
  const origins = env.list('ALLOWED_ORIGINS');
  const areOrigins = origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin);
  if (!areOrigins) env.fault('ALLOWED_ORIGINS', 'must list origins: scheme, host and port, no slash at the end', 'https://app.example.com');
  return [...new Set([publicUrl, ...origins])];
}

/** An IP address, or a network in CIDR notation. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function readRateLimits(env: Environment): RateLimitConfig {
  const limit = (name: string, fallback: number) => env.integer(name, { fallback, min: 1, max: 1_000_000_000, example: String(fallback) });
  return {
    enabled: env.choice('RATE_LIMITS', ['on', 'off'] as const, 'on') === 'on',
    tokenPerAddress: limit('RATE_LIMIT_TOKEN_PER_ADDRESS', 1000),
    tokenPerCredential: env.optional('RATE_LIMIT_TOKEN_PER_CREDENTIAL') ? limit('RATE_LIMIT_TOKEN_PER_CREDENTIAL', 1000) : undefined,
    leakReports: limit('RATE_LIMIT_LEAK_REPORTS', 100),
    tokenFailures: limit('RATE_LIMIT_TOKEN_FAILURES', 10),
    docsPerAddress: limit('RATE_LIMIT_DOCS_PER_ADDRESS', 5000),
    docsPerTool: limit('RATE_LIMIT_DOCS_PER_TOOL', 10_000),
    docsPerCredential: limit('RATE_LIMIT_DOCS_PER_CREDENTIAL', 5000),
    signInFailures: limit('RATE_LIMIT_SIGN_IN_FAILURES', 10),
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null && !Buffer.isBuffer(member)) deepFreeze(member as object);
  }
  return Object.freeze(value);
}
