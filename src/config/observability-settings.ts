import { TRACE_SAMPLERS, type TracingConfig } from './config.js';
import type { Environment } from './environment.js';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const ENDPOINT_EXAMPLE = 'http://127.0.0.1:4318';
const TRACES_PATH = 'v1/traces';

/** The bearer token of `/metrics`; undefined where there is none to be read. */
export function readMetricsToken(env: Environment): string | undefined {
  const token = env.optional('METRICS_TOKEN');
  // What stands in an `Authorization` header (RFC 6750 §2.1), and too long to be guessed.
  if (token !== undefined && !/^[A-Za-z0-9._~+/-]{32,200}=*$/.test(token))
    env.fault('METRICS_TOKEN', 'must have 32 to 200 letters, digits or -._~+/', 'the output of `openssl rand -hex 32`');
  return token;
}

/** Where traces go, by the variables of OpenTelemetry; undefined without an endpoint. */
export function readTracing(env: Environment): TracingConfig | undefined {
  if (env.optional(ENDPOINT) === undefined) return undefined;
  const url = env.url(ENDPOINT, undefined, ['http:', 'https:'], ENDPOINT_EXAMPLE);
  if (url && (url.username || url.password || url.search || url.hash))
    env.fault(ENDPOINT, 'must have no user, query or fragment: a key belongs into OTEL_EXPORTER_OTLP_HEADERS', ENDPOINT_EXAMPLE);
  return {
    // The endpoint is the base of the path of each signal (OTLP exporter specification, "Endpoint URLs for OTLP/HTTP").
    url: url ? new URL(TRACES_PATH, url.href.endsWith('/') ? url : `${url.href}/`).href : '',
    headers: readHeaders(env),
    serviceName: env.text('OTEL_SERVICE_NAME', 'gatehouse'),
    sampler: env.choice('OTEL_TRACES_SAMPLER', TRACE_SAMPLERS, 'parentbased_always_on'),
    ratio: readRatio(env),
  };
}

function readHeaders(env: Environment): Readonly<Record<string, string>> {
  const name = 'OTEL_EXPORTER_OTLP_HEADERS';
  const headers: Record<string, string> = {};
  for (const pair of env.list(name)) {
    const [, header, value] = /^([\w!#$%&'*+.^`|~-]{1,64})\s*=\s*([\x21-\x7e]+)$/.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : decode(value);
    if (header === undefined || decoded === undefined) env.fault(name, 'must list headers as name=value', 'x-api-key=secret');
    else headers[header.toLowerCase()] = decoded;
  }
  return headers;
}

/** Values are percent-encoded as in W3C baggage; a control character is no part of a header. */
function decode(value: string): string | undefined {
  try {
    const decoded = decodeURIComponent(value);
    return /^[\x20-\x7e]+$/.test(decoded) ? decoded : undefined;
  } catch {
    // A malformed escape: a fault, which is said by the variable's name.
    return undefined;
  }
}

function readRatio(env: Environment): number {
  const text = env.text('OTEL_TRACES_SAMPLER_ARG', '1');
  const ratio = Number(text);
  if (/^\d(\.\d{1,9})?$/.test(text) && ratio <= 1) return ratio;
  env.fault('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1', '0.1');
  return 1;
}
