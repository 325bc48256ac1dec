import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { VERSION } from '../common/version.js';
import type { TracingConfig } from '../config/config.js';
import { ReportingExporter, type ReportExport } from './reporting-exporter.js';
import type { TraceContext } from './trace-context.js';
import type { Attributes, OutgoingSpan, TraceSpan, Tracing } from './tracing.js';

const NAME = 'gatehouse';
const EXPORT_MS = 5000;
const CLOSE_MS = 2000;

/** Traces by OpenTelemetry, sent over OTLP/HTTP. Nothing of it is global: several may run in one process. */
export function openTracing(config: TracingConfig, report: ReportExport): Tracing {
  const exporter = new OTLPTraceExporter({ url: config.url, headers: { ...config.headers }, timeoutMillis: EXPORT_MS });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': config.serviceName, 'service.version': VERSION }),
    sampler: samplerOf(config),
    spanProcessors: [new BatchSpanProcessor({ exporter: new ReportingExporter(exporter, report) })],
  });
  return new OpenTelemetry(provider);
}

function samplerOf({ sampler, ratio }: TracingConfig): Sampler {
  const root = sampler.endsWith('always_on')
    ? new AlwaysOnSampler()
    : sampler.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new TraceIdRatioBasedSampler(ratio);
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

class OpenTelemetry implements Tracing {
  private readonly tracer: Tracer;
  private readonly propagator = new W3CTraceContextPropagator();
  /** What is being done. Kept here, so that it costs something only where traces are made. */
  private readonly active = new AsyncLocalStorage<Context>();

  constructor(private readonly provider: TracerProvider) {
    this.tracer = provider.getTracer(NAME, VERSION);
  }

  async serve<T>(name: string, parent: TraceContext | undefined, work: (span: TraceSpan) => Promise<T>): Promise<T> {
    const above = parent ? this.propagator.extract(ROOT_CONTEXT, parent, defaultTextMapGetter) : ROOT_CONTEXT;
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER }, above);
    const step = new Step(span);
    try {
      return await this.active.run(trace.setSpan(above, span), () => work(step));
    } catch (error) {
      tell(step, error);
      throw error;
    } finally {
      span.end();
    }
  }

  request(name: string, attributes: Attributes): OutgoingSpan {
    const above = this.active.getStore() ?? ROOT_CONTEXT;
    const span = this.tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, above);
    return new OutgoingStep(span, this.contextOf(trace.setSpan(above, span)));
  }

  current(): TraceContext | undefined {
    const active = this.active.getStore();
    return active ? this.contextOf(active) : undefined;
  }

  /** What cannot be sent in time is lost: no receiver of traces keeps a shutdown waiting. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    await Promise.race([this.provider.shutdown().catch(() => undefined), late]); // what went wrong has been reported
    clearTimeout(timer);
  }

  private contextOf(context: Context): TraceContext {
    const carrier: { traceparent: string; tracestate?: string } = { traceparent: '' };
    this.propagator.inject(context, carrier, defaultTextMapSetter);
    return carrier;
  }
}

/** By code or name, not by text: that may repeat what a client has sent. A refusal is no failure of ours (OpenTelemetry, HTTP spans). */
function tell(step: TraceSpan, error: unknown): void {
  const { status, code, name } = error as { status?: unknown; code?: unknown; name?: unknown };
  const type = [code, name].find((text) => typeof text === 'string') ?? 'Error';
  if (typeof status === 'number') step.set({ 'http.response.status_code': status });
  if (typeof status === 'number' && status < 500) step.set({ 'error.type': type });
  else step.fail(type);
}

class Step implements TraceSpan {
  constructor(protected readonly span: Span) {}

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  fail(type: string): void {
    this.span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  }
}

class OutgoingStep extends Step implements OutgoingSpan {
  private hasEnded = false;

  constructor(
    span: Span,
    readonly context: TraceContext,
  ) {
    super(span);
  }

  end(): void {
    if (!this.hasEnded) this.span.end();
    this.hasEnded = true;
  }
}
