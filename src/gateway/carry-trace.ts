import type { Exchange } from '../protocol/exchange.js';
import { readTraceContext, type TraceContext } from '../tracing/trace-context.js';
import type { Tracing } from '../tracing/tracing.js';
import { JsonSpans } from './json-spans.js';
import { isObject, type JsonObject } from './message-shape.js';
import { OwnExchange } from './upstream-call.js';

const METHOD = /^[a-z]+(\/[a-z_]+){0,3}$/i;

/** The trace that a request belongs to: what we do of it, else what its headers say. */
export const traceOf = (exchange: Exchange, tracing: Tracing | undefined): TraceContext | undefined =>
  tracing?.current() ?? readTraceContext(exchange.headers);

/**
 * An exchange whose message names its trace in `_meta`, for a way on which no headers go: standard streams, or a translation
 * (MCP SEP-414). What its client has put there stays (R-MOD-25), and so does every other byte. The same exchange where nothing changes.
 */
export function withTraceInMeta(exchange: Exchange, context: TraceContext | undefined): Exchange {
  const { message } = exchange;
  if (!context || !isObject(message) || message['method'] === undefined) return exchange;
  const params = isObject(message['params']) ? message['params'] : {};
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  if (meta['traceparent'] !== undefined) return exchange;
  const { traceparent, tracestate } = context;
  const added = { traceparent, ...(tracestate === undefined || meta['tracestate'] !== undefined ? {} : { tracestate }) };
  const { method, headers, id, operations, era, url, caller, signal } = exchange;
  const traced: JsonObject = { ...message, params: { ...params, _meta: { ...added, ...meta } } };
  const body = exchange.body && insertIntoMeta(exchange.body.toString('utf8'), added);
  return new OwnExchange({ method, headers, message: traced, body, id, operations, era, url, caller, signal });
}

/** The bytes with the members in front of those of `_meta`; undefined where there is no `_meta` to put them into. */
function insertIntoMeta(json: string, added: Readonly<Record<string, string>>): Buffer | undefined {
  const spans = new JsonSpans(json);
  const params = spans.members(spans.start).find(({ name }) => name === 'params');
  const meta = params && json[params.start] === '{' ? spans.members(params.start).find(({ name }) => name === '_meta') : undefined;
  if (!meta || json[meta.start] !== '{') return undefined;
  const isEmpty = spans.members(meta.start).length === 0;
  const text = JSON.stringify(added).slice(1, -1) + (isEmpty ? '' : ',');
  return Buffer.from(json.slice(0, meta.start + 1) + text + json.slice(meta.start + 1));
}

/** A method has a name from the specification, or one like it: what somebody made up is no name of a span. */
export function methodOf({ operations }: Pick<Exchange, 'operations'>): string | undefined {
  const method = operations[0]?.method;
  return method !== undefined && method.length <= 64 && METHOD.test(method) ? method : undefined;
}
