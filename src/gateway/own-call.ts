import type { McpUpstream } from '../protocol/exchange.js';
import type { Ask } from './catalog.js';
import { GATEWAY } from './gateway-caller.js';
import { isRefusal } from './http-upstream/check-answer.js';
import { refusedUs } from './http-upstream/faults.js';
import { modernExchange, readResult } from './upstream-call.js';

export interface OwnCallParts {
  readonly upstream: McpUpstream;
  /** The server's canonical URL. */
  readonly url: string;
  readonly signal: AbortSignal;
}

/** Asks an upstream in the modern era, which it is translated to where it does not speak it. */
export function askAsGateway({ upstream, url, signal }: OwnCallParts): Ask {
  return async (method, params) => {
    const answer = await upstream.handle(modernExchange({ method, params, url, caller: GATEWAY, signal }));
    if (isRefusal(answer.status)) throw refusedUs(undefined, answer.status);
    return readResult(answer, 1);
  };
}
