import type { EgressRequest, EgressResponse } from '../../egress/egress-client.js';

interface FetchOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Send = (request: EgressRequest) => Promise<EgressResponse>;

/** A `fetch` for libraries, whose every request goes through the egress guard. */
export function egressFetch(send: Send): (url: string, options: FetchOptions) => Promise<Response> {
  return async (url, { method, headers, body }) => {
    if (method !== 'GET' && method !== 'POST') throw new Error(`No ${method} through the egress guard`);
    const answer = await send({ url, method, headers, ...(body === undefined || body === null ? {} : { body: toText(body) }) });
    const content = answer.status === 204 || answer.body.length === 0 ? null : new Uint8Array(answer.body);
    return new Response(content, { status: answer.status, headers: toHeaders(answer.headers) });
  };
}

function toText(body: unknown): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new Error('Only text goes through the egress guard');
}

function toHeaders(headers: EgressResponse['headers']): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) for (const one of [value ?? []].flat()) result.append(name, one);
  return result;
}
