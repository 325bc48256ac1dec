import { hideSecrets } from '../common/secret-format.js';
import { readTraceContext, type TraceContext } from '../tracing/trace-context.js';
import type { Attributes, Tracing } from '../tracing/tracing.js';
import { isCall } from './access-policy.js';
import type { Call } from './call.js';
import { methodOf } from './carry-trace.js';
import type { Answer } from './gateway.service.js';
import { isObject } from './message-shape.js';
import type { ReadMessage } from './read-message.js';

const TARGET_LENGTH = 128;

/** A call that is read, and who makes it. */
export interface TracedCall {
  readonly call: Call;
  readonly read: ReadMessage;
}

/** Serves a call as a step of its client's trace, or of a new one. */
export function serveTraced(tracing: Tracing, traced: TracedCall, answer: () => Promise<Answer>): Promise<Answer> {
  const { call, read } = traced;
  const method = methodOf(read);
  return tracing.serve(method ?? call.http.method, parentOf(traced), async (span) => {
    span.set(attributesOf(traced, method));
    const answered = await answer();
    const { status } = answered.response;
    span.set({ 'http.response.status_code': status });
    if (status >= 500) span.fail(String(status));
    return answered;
  });
}

/** What the message says of its trace; HTTP's headers come first, since they are nearer to us (MCP SEP-414). */
export function parentOf({ call, read }: TracedCall): TraceContext | undefined {
  return readTraceContext(call.http.headers) ?? traceInMeta(read.message);
}

/** The trace that a message names in `_meta`. */
export function traceInMeta(message: unknown): TraceContext | undefined {
  const params = isObject(message) ? message['params'] : undefined;
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) ? readTraceContext(meta) : undefined;
}

function attributesOf({ call, read }: TracedCall, method: string | undefined): Attributes {
  const { principal, server, http } = call;
  const [operation] = read.operations;
  const target = operation && isCall(operation) ? operation.target : undefined;
  return {
    'http.request.method': http.method,
    'gatehouse.server': server.slug,
    'gatehouse.era': read.era,
    ...(method === undefined ? {} : { 'mcp.method.name': method }),
    ...(target === undefined ? {} : { 'gatehouse.target': hideSecrets(target.slice(0, TARGET_LENGTH)) }),
    ...(principal ? { 'gatehouse.credential.id': principal.credential.id } : {}),
  };
}
