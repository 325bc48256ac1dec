import { isUtf8 } from 'node:buffer';
import { countValues } from '../common/raw-headers.js';
import { type HeaderSource, headerOf } from './http-call.js';

const PREFIX = '=?base64?';
const SUFFIX = '?=';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The member of `params` that `Mcp-Name` repeats, by method (MCP 2026-07-28 transport; SEP-2663 for tasks). */
const NAME_SOURCES: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

export const nameSourceOf = (method: string): string | undefined => NAME_SOURCES.get(method);

export interface StandardHeader {
  readonly value: string | undefined;
  /** Sent more than once, which makes it malformed (R-MOD-07). */
  readonly isRepeated: boolean;
}

/** A header that may stand once. */
export function standardHeader(source: HeaderSource, name: string): StandardHeader {
  const value = headerOf(source, name)?.trim();
  // Node joins repeated headers with commas: without one there is nothing to count.
  const isRepeated = value !== undefined && value.includes(',') && countValues(source.rawHeaders, name) > 1;
  return { value, isRepeated };
}

/**
 * Decodes a value that may be wrapped in `=?base64?…?=` (MCP 2026-07-28 transport, "Value Encoding").
 * Undefined where the wrapping holds no canonical Base64 of UTF-8 text.
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (value.length < PREFIX.length + SUFFIX.length || !value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value;
  const encoded = value.slice(PREFIX.length, -SUFFIX.length);
  if (encoded.length % 4 !== 0 || !BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  return isUtf8(bytes) && bytes.toString('base64') === encoded ? bytes.toString('utf8') : undefined;
}

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** A value as a header can carry it: as it is, or wrapped where it would be taken for something else. */
export const encodeHeaderValue = (value: string): string =>
  PLAIN.test(value) && !value.startsWith(PREFIX) ? value : `${PREFIX}${Buffer.from(value).toString('base64')}${SUFFIX}`;
