import type { StdioCommand } from './stdio-commands.js';

/** Everything that can be configured, checked and frozen. Durations are in the unit that the name says. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** Origin without a trailing slash: the only source of every URL. */
  readonly publicUrl: string;
  /** The issuer identifier: `publicUrl` + `/authed/mcp`. */
  readonly issuer: string;
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  readonly redisUrl: string | undefined;
  /** 32 bytes, or undefined where the key file in `dataDir` is to be used. */
  readonly masterKey: Buffer | undefined;
  readonly admin: { readonly username: string; readonly password: string | undefined };
  readonly docs: {
    readonly dir: string;
    /** Further folders that documentation servers may be made from. */
    readonly roots: readonly string[];
    readonly name: string | undefined;
    readonly public: boolean;
    /** Where the default server's pages stand as a website, without a slash at the end. */
    readonly siteUrl: string | undefined;
  };
  readonly sessions: SessionConfig;
  /** Undefined where nobody signs in through a provider. */
  readonly oidc: OidcConfig | undefined;
  readonly tokens: TokenConfig;
  /** Whether DPoP proofs must carry a nonce of ours (RFC 9449 §8). */
  readonly dpopNonces: boolean;
  /** Undefined where no proxy passes client certificates on. */
  readonly clientCertificates: ClientCertificateConfig | undefined;
  /** Networks in CIDR notation that outbound requests may go to although they are not public; plain `http:` is accepted there only. */
  readonly egressAllow: readonly string[];
  readonly stdio: StdioConfig;
  readonly trustProxy: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly stateMaxStalenessMs: number;
  readonly shutdown: ShutdownConfig;
  /** Folder of the dashboard's built pages; undefined for the one that the build makes. */
  readonly dashboardDir: string | undefined;
  readonly rateLimits: RateLimitConfig;
  /** Days that the hourly counters of use are kept. */
  readonly usageRetentionDays: number;
  /** Days that the audit trail is kept; undefined for always. */
  readonly auditRetentionDays: number | undefined;
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' };
  /** What reads `/metrics`; undefined where nothing does, and there is no such page. */
  readonly metricsToken: string | undefined;
  /** Undefined where no traces are made. */
  readonly tracing: TracingConfig | undefined;
}

/** How the process goes when it is told to. */
export interface ShutdownConfig {
  /** It says that it is not ready and serves on for this long, so that balancers take it out. */
  readonly delayMs: number;
  /** Calls under way may then take this long to finish. */
  readonly drainMs: number;
}

/** Sign-in sessions of the dashboard. */
export interface SessionConfig {
  /** Without a request for this long, a session ends. */
  readonly idleMs: number;
  /** However often it is used, it ends after this. */
  readonly ttlMs: number;
}

export const ADMIN_ROLES = ['owner', 'operator', 'viewer'] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

/** An OpenID Connect provider through which admins sign in. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  /** The claim that decides on the role: a text, or a list of texts. Dots lead into nested claims. */
  readonly roleClaim: string;
  /** Roles by value of the claim. */
  readonly roles: readonly { readonly value: string; readonly role: AdminRole }[];
  /** What the button says. */
  readonly label: string;
}

export type DatabaseConfig = { readonly kind: 'sqlite'; readonly file: string } | { readonly kind: 'mysql'; readonly url: string };

export interface TokenConfig {
  readonly ttlSeconds: number;
  readonly signingAlg: SigningAlg;
  /** The optional grants that are served. */
  readonly grants: readonly OptionalGrant[];
  /** Days after which a new signing key takes over; 0 for never. */
  readonly keyRotationDays: number;
  /** Whether `client_credentials` answers hold a refresh token. */
  readonly refreshTokens: boolean;
  /** Seconds that a family of refresh tokens lives, however often it is used. */
  readonly refreshTtlSeconds: number;
}

/** The programs that `stdio` upstreams may run. */
export interface StdioConfig {
  /** By name; empty without `STDIO_COMMANDS_FILE`. */
  readonly commands: Readonly<Record<string, StdioCommand>>;
  /** Children in all that run at the same time. */
  readonly maxChildren: number;
}

export const OPTIONAL_GRANTS = ['jwt-bearer', 'token-exchange'] as const;
export type OptionalGrant = (typeof OPTIONAL_GRANTS)[number];

/** How a TLS-terminating proxy passes the client's certificate on (RFC 8705, RFC 9440). */
export interface ClientCertificateConfig {
  /** Lower case; believed from `trustProxy` only. */
  readonly header: string;
  /** PEM: the authorities whose certificates `tls_client_auth` accepts; undefined where that method is not offered. */
  readonly authorities: string | undefined;
}

export const SIGNING_ALGS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where traces go (OpenTelemetry, OTLP over HTTP), and which are made. */
export interface TracingConfig {
  readonly url: string;
  /** Names in lower case; may hold a key of the receiver's. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly sampler: TraceSampler;
  /** Of all traces, for the samplers that take a part of them. */
  readonly ratio: number;
}

export const TRACE_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type TraceSampler = (typeof TRACE_SAMPLERS)[number];

export interface RateLimitConfig {
  readonly enabled: boolean;
  /** Token requests per address and hour. */
  readonly tokenPerAddress: number;
  /** Token requests per credential and hour, wherever they come from; undefined for no limit. */
  readonly tokenPerCredential: number | undefined;
  /** Reports of leaked secrets per address and hour. */
  readonly leakReports: number;
  /** Failed client authentications per client id and address, in a minute. */
  readonly tokenFailures: number;
  /** Calls per address and hour on a public documentation endpoint. */
  readonly docsPerAddress: number;
  /** Calls of each tool per hour on a public documentation endpoint, all callers together. */
  readonly docsPerTool: number;
  /** Calls of each tool per credential and hour on a protected documentation endpoint. */
  readonly docsPerCredential: number;
  /** Failed admin sign-ins per name and address, in fifteen minutes. */
  readonly signInFailures: number;
}

/** Injection token of the {@link Config}. */
export const CONFIG = Symbol('CONFIG');
