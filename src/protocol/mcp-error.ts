/** JSON-RPC codes that this server emits itself (MCP 2026-07-28 basic, "Error Codes"; JSON-RPC 2.0 §5.1). */
export const MCP_CODE = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  unsupportedProtocolVersion: -32022,
  sessionRequired: -32000,
  sessionNotFound: -32001,
  tooManyRequests: 429,
} as const;

export type JsonRpcId = string | number;

export interface McpErrorOptions {
  readonly id?: JsonRpcId | undefined;
  readonly data?: unknown;
  /** Why, for log and audit only. Never sent. */
  readonly detail?: string;
  readonly cause?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that an MCP client may see, as a JSON-RPC error with an HTTP status. */
export class McpError extends Error {
  override readonly name = 'McpError';
  readonly id: JsonRpcId | undefined;
  readonly data: unknown;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    readonly code: number,
    readonly publicMessage: string,
    options: McpErrorOptions = {},
  ) {
    super(options.detail ?? publicMessage, { cause: options.cause });
    this.id = options.id;
    this.data = options.data;
    this.detail = options.detail ?? publicMessage;
    this.headers = options.headers ?? {};
  }

  /** The same error in answer to another request: a client hears of its own, also where one that the gateway made for it failed. */
  answering(id: JsonRpcId | undefined): McpError {
    if (id === this.id) return this;
    const { status, code, publicMessage, data, detail, cause, headers } = this;
    return new McpError(status, code, publicMessage, { id, data, detail, cause, headers });
  }

  /** The JSON-RPC error object; without `id` where the request's could not be read. */
  toBody(): Record<string, unknown> {
    return {
      jsonrpc: '2.0',
      ...(this.id === undefined ? {} : { id: this.id }),
      error: { code: this.code, message: this.publicMessage, ...(this.data === undefined ? {} : { data: this.data }) },
    };
  }
}
