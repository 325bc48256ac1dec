import type { TraceContext } from './trace-context.js';

/** What is said of a step: names and values from a bounded set, ids of our own, never a secret. */
export type Attributes = Readonly<Record<string, string | number>>;

/** A step of a request, as a trace shows it. */
export interface TraceSpan {
  set(attributes: Attributes): void;
  /** It did not work out; `type` is a code or a class of errors, no text of anybody's. */
  fail(type: string): void;
}

/** A request of ours to somebody else. Ends once. */
export interface OutgoingSpan extends TraceSpan {
  /** By which the other side goes on with the trace. */
  readonly context: TraceContext;
  end(): void;
}

/** Makes traces. Where none are wanted there is no such thing, and nothing is paid for it. */
export interface Tracing {
  /** Runs `work` as a step of whoever asks, in the trace of `parent` or in a new one. What it starts belongs to it. */
  serve<T>(name: string, parent: TraceContext | undefined, work: (span: TraceSpan) => Promise<T>): Promise<T>;
  /** Starts a request below what is being done. */
  request(name: string, attributes: Attributes): OutgoingSpan;
  /** What is being done at the moment; undefined outside of {@link serve}. */
  current(): TraceContext | undefined;
  /** Sends what is finished, and makes no more. */
  close(): Promise<void>;
}

/** Injection token of the {@link Tracing}; undefined without `OTEL_EXPORTER_OTLP_ENDPOINT`. */
export const TRACING = Symbol('TRACING');
