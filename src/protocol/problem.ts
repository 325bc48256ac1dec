/** Every stable `code` of the admin API with its HTTP status and title (RFC 9457 §3). */
const PROBLEMS = {
  validation_failed: [400, 'The request is not valid'],
  malformed_body: [400, 'The body cannot be read'],
  unauthorized: [401, 'Sign in as an admin'],
  forbidden: [403, 'Your role does not allow this'],
  not_found: [404, 'There is no such thing'],
  method_not_allowed: [405, 'This method is not offered here'],
  not_acceptable: [406, 'No acceptable representation'],
  conflict: [409, 'This conflicts with the present state'],
  name_taken: [409, 'This name is taken'],
  too_many_secrets: [409, 'Two secrets are live already'],
  last_owner: [409, 'This is the last owner'],
  server_in_use: [409, 'The server is in use'],
  precondition_failed: [412, 'It was changed by somebody else'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'This media type is not supported'],
  origin_not_allowed: [403, 'This origin is not allowed'],
  idempotency_key_reused: [422, 'This Idempotency-Key was used for another request'],
  too_many_requests: [429, 'Too many requests'],
  headers_too_large: [431, 'The headers are too large'],
  internal_error: [500, 'Something went wrong on our side'],
  unavailable: [503, 'Not available at the moment'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemOptions {
  /** One entry per fault of a field: where, and what is wrong. */
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An error of the admin API and of every route that is neither OAuth nor MCP: a problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(detail, { cause: options.cause });
    [this.status, this.title] = PROBLEMS[code];
    this.headers = options.headers ?? {};
  }

  /** The problem document; `instance` is the path that was asked. */
  toBody(instance: string): Record<string, unknown> {
    return {
      type: `urn:gatehouse:problem:${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.detail,
      instance,
      code: this.code,
      ...(this.options.errors ? { errors: this.options.errors } : {}),
    };
  }
}
