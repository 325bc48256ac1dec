/** Which trace a message belongs to, as its headers or its `_meta` say it (W3C Trace Context; MCP SEP-414). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What a `tracestate` may be as a whole (W3C Trace Context §3.3.1): printable, and no longer than anybody must pass on. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The context in headers or in `_meta`; undefined where there is none that is well-formed. */
export function readTraceContext(carrier: Readonly<Record<string, unknown>>): TraceContext | undefined {
  const { traceparent, tracestate } = carrier;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  return typeof tracestate === 'string' && TRACESTATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}

/** The trace's id: what logs and traces are found by together. */
export const traceIdOf = ({ traceparent }: TraceContext): string => traceparent.slice(3, 35);
