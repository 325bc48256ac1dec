/** What the gateway presents to an upstream as its own. Its secrets are written, sealed, and never read back. */
export type UpstreamAuth =
  | { readonly type: 'none' }
  | { readonly type: 'bearer' }
  /** Names of headers whose values are secrets. */
  | { readonly type: 'headers'; readonly names: readonly string[] }
  | ClientCredentialsAuth
  | TokenExchangeAuth;

interface TokenEndpointAuth {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope?: string;
  readonly resource?: string;
}

/** RFC 6749 §4.4 at the upstream's authorization server. */
export interface ClientCredentialsAuth extends TokenEndpointAuth {
  readonly type: 'client_credentials';
}

/** RFC 8693 at the upstream's authorization server: the upstream learns on whose behalf it is called. */
export interface TokenExchangeAuth extends TokenEndpointAuth {
  readonly type: 'token_exchange';
  readonly audience?: string;
}

/** The secrets that belong to an {@link UpstreamAuth}. */
export interface UpstreamSecrets {
  /** Of `bearer`, or of a Git host. */
  readonly token?: string;
  /** Header values by name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clientSecret?: string;
  /** Environment of a `stdio` child, by name. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An MCP server that speaks Streamable HTTP. */
export interface HttpUpstreamSettings {
  readonly kind: 'http';
  readonly url: string;
  readonly auth: UpstreamAuth;
}

/** A child process that speaks MCP over its standard streams; `command` is a name from `STDIO_COMMANDS_FILE`. */
export interface StdioUpstreamSettings {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args?: readonly string[];
  /** Names only; the values are secrets. */
  readonly env?: readonly string[];
}

/** The built-in documentation server. */
export interface DocsUpstreamSettings {
  readonly kind: 'docs';
  /** Folder of Markdown; absent for `DOCS_DIR`. */
  readonly dir?: string;
  /** Used in tool names; absent for the server's name. */
  readonly name?: string;
  /** A Git repository instead of a folder. */
  readonly git?: DocsGitSettings;
}

/** A repository that is pulled at the start, on a schedule and when its webhook says so. */
export interface DocsGitSettings {
  /** `https://` and, where `EGRESS_ALLOW` names its addresses, `http://`. No user or password. */
  readonly url: string;
  /** Or a tag; absent for the default branch. */
  readonly branch?: string;
  /** The folder of the repository that holds the documentation. */
  readonly path?: string;
  /** 30 to 86400; absent for 300. */
  readonly intervalSeconds?: number;
  /** How the gateway signs in to the host (Basic). The access token is a secret; absent for a repository that is open to all. */
  readonly auth?: { readonly username: string };
}

export interface GroupMember {
  /** Slug of another server, which is no group. */
  readonly server: string;
  /** Put before the names of its tools and prompts. */
  readonly prefix?: string;
}

/** Several servers as one. */
export interface GroupUpstreamSettings {
  readonly kind: 'group';
  readonly members: readonly GroupMember[];
}

/** Where a server's messages go. */
export type Upstream = HttpUpstreamSettings | StdioUpstreamSettings | DocsUpstreamSettings | GroupUpstreamSettings;

/** How much of a server its callers may use. What is absent has no limit of its own, or the installation's. */
export interface ServerLimits {
  /** Messages of one credential in an hour. */
  readonly perCredential?: number;
  /** Calls of one tool by one credential in an hour. */
  readonly perTool?: number;
  /** Messages of one address in an hour, on the public face. */
  readonly perAddress?: number;
  /** Calls of one credential that run at the same time. */
  readonly concurrentCalls?: number;
  /** Event streams of one credential that are open at the same time. */
  readonly openStreams?: number;
  /** Seconds until the upstream must have begun to answer, and again between two parts of an answer. */
  readonly timeoutSeconds?: number;
}
