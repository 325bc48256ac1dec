import type { IncomingHttpHeaders } from 'node:http';

/** What the gateway reads of an HTTP request. */
export interface HttpCall {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came: Node drops or joins repeated headers elsewhere. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer | undefined;
  /** Where it comes from, once trusted proxies are taken off. */
  readonly address: string;
}

export type HeaderSource = Pick<HttpCall, 'headers' | 'rawHeaders'>;

/** A header's value; repeated ones are joined with commas. */
export function headerOf(source: HeaderSource, name: string): string | undefined {
  const value = source.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
