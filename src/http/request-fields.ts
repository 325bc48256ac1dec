import type { FastifyRequest } from 'fastify';
import { routeFamily } from '../protocol/urls.js';
import { traceInMeta } from '../gateway/trace-call.js';
import { readTraceContext, traceIdOf } from '../tracing/trace-context.js';
import { pathOf } from './families.js';

/** Set by the guards, where they have found out. */
interface Known {
  readonly principal?: { readonly credential: { readonly id: string } };
  readonly admin?: { readonly id: string };
}

/** What a line of the log says of a request: its id, who makes it, and which trace it belongs to (R-MOD-25). */
export function requestFields(request: FastifyRequest): Readonly<Record<string, string | undefined>> {
  const { principal, admin } = request as FastifyRequest & Known;
  return {
    requestId: request.id,
    credentialId: principal?.credential.id,
    adminId: admin?.id,
    traceId: traceIdIn(request),
  };
}

function traceIdIn(request: FastifyRequest): string | undefined {
  const context =
    readTraceContext(request.headers) ?? (routeFamily(pathOf(request)) === 'mcp' ? traceInMeta(messageOf(request)) : undefined);
  return context && traceIdOf(context);
}

/** Read once more: a line is rare, and calls must not pay for it. */
function messageOf({ body }: FastifyRequest): unknown {
  try {
    return Buffer.isBuffer(body) ? JSON.parse(body.toString('utf8')) : undefined;
  } catch {
    // No message: it names no trace.
    return undefined;
  }
}
