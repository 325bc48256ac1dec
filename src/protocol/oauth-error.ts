/**
 * HTTP status of every OAuth error code that leaves this server
 * (RFC 6749 §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 8707 §2, RFC 9449 §5).
 */
const STATUS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  slow_down: 429,
  temporarily_unavailable: 503,
  server_error: 500,
} as const;

type OAuthErrorKey = keyof typeof STATUS;

/** On the wire, being throttled has no code of its own: it is `temporarily_unavailable` with status 429. */
export type OAuthErrorCode = Exclude<OAuthErrorKey, 'slow_down'>;

export interface OAuthErrorOptions {
  /** Why, for log and audit only. Never sent. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Response headers that belong to this error, e.g. `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** An HTTP status other than the code's own, where the standard for the condition asks for it (413, 405). */
  readonly status?: number;
}

/** An error that an OAuth client may see. `description` is public and gives an attacker nothing; `detail` stays here. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly status: number;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: OAuthErrorCode,
    readonly description: string,
    options: OAuthErrorOptions = {},
  ) {
    super(`${code}: ${options.detail ?? description}`, { cause: options.cause });
    this.status = options.status ?? STATUS[code];
    this.detail = options.detail ?? description;
    this.headers = options.headers ?? {};
  }

  /** Too many requests; the client may come again after `retryAfterSeconds` (RFC 6585 §4). */
  static throttled(retryAfterSeconds: number, detail: string): OAuthError {
    return new OAuthError('temporarily_unavailable', 'Too many requests. Wait for the number of seconds in Retry-After.', {
      status: STATUS.slow_down,
      detail,
      headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) },
    });
  }

  /** The body of the error response (RFC 6749 §5.2). Characters outside the RFC's set become `?`. */
  toBody(): { error: string; error_description: string } {
    return { error: this.code, error_description: toDescriptionCharacters(this.description) };
  }
}

/** Keeps a text inside `%x20-21 / %x23-5B / %x5D-7E` (RFC 6749 §5.2, RFC 6750 §3). */
export function toDescriptionCharacters(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
}
