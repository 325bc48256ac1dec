/**
 * `refused`: our own rules forbid it. `unreachable`: no answer, or a broken one. `timeout`: not done in time.
 * `too_large`: more than was allowed. `redirect`: the answer is a redirect. `status`: not the answer that was asked for.
 */
export type EgressCode = 'refused' | 'unreachable' | 'timeout' | 'too_large' | 'redirect' | 'status';

/** Why an outbound request gave nothing. The message names reason and origin, never path, query, userinfo, header or body. */
export class EgressError extends Error {
  override readonly name = 'EgressError';

  constructor(
    readonly code: EgressCode,
    reason: string,
    url?: URL,
    /** Of an `unreachable` one: what the network said, e.g. `ENOTFOUND`. */
    readonly errno?: string,
  ) {
    super(url === undefined ? reason : `${url.origin}: ${reason}`);
  }
}
