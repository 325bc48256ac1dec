import type { FastifyReply, FastifyRequest } from 'fastify';
import { hideSecrets } from '../common/secret-format.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { OAuthError } from '../protocol/oauth-error.js';
import { type ProblemCode, ProblemError } from '../protocol/problem.js';
import { type RouteFamily, routeFamily } from '../protocol/urls.js';

/** An error that a client may see, in one of the three dialects. */
export type WireError = OAuthError | McpError | ProblemError;

/** A fault that the HTTP layer found: the status that fits it, and the methods that would have been right. */
export interface HttpFault {
  readonly status: number;
  readonly allow?: string | undefined;
  readonly cause?: unknown;
}

export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** A fault of the HTTP layer in the dialect of the route's family. Anything unexpected is ours: a server error. */
export function toWireError(path: string, fault: HttpFault): WireError {
  const dialects: Record<RouteFamily, (fault: HttpFault) => WireError> = { oauth: toOAuthError, mcp: toMcpError, web: toProblem };
  return dialects[routeFamily(path)](fault);
}

const allowHeader = ({ allow }: HttpFault): Record<string, string> => (allow ? { allow } : {});

const OAUTH_DESCRIPTIONS: Readonly<Record<number, string>> = {
  404: 'There is no such endpoint.',
  405: 'This method is not offered here.',
  413: 'The body is too large.',
  415: 'The body must be a form: Content-Type: application/x-www-form-urlencoded.',
  431: 'The headers are too large.',
};

function toOAuthError(fault: HttpFault): OAuthError {
  const { status, cause } = fault;
  if (status === 503)
    return new OAuthError('temporarily_unavailable', 'Not available at the moment. Try again soon.', { headers: { 'retry-after': '5' } });
  if (status >= 500) return new OAuthError('server_error', 'Something went wrong on our side.', { cause });
  const description = OAUTH_DESCRIPTIONS[status] ?? 'The request cannot be read.';
  // Another media type is a 400 here, also one that cannot be read at all (RFC 6749 §5.2).
  return new OAuthError('invalid_request', description, { status: status === 415 ? 400 : status, cause, headers: allowHeader(fault) });
}

const MCP_MESSAGES: Readonly<Record<number, string>> = {
  404: 'There is no MCP server here.',
  405: 'This method is not offered here.',
  413: 'The body is too large.',
  415: 'The body must be application/json.',
  431: 'The headers are too large.',
  503: 'Not available at the moment. Try again soon.',
};

function toMcpError(fault: HttpFault): McpError {
  const { status, cause } = fault;
  if (status >= 500 && status !== 503) return new McpError(500, MCP_CODE.internalError, 'Internal error', { cause });
  const headers = status === 503 ? { 'retry-after': '5' } : allowHeader(fault);
  const code = status === 503 ? MCP_CODE.internalError : MCP_CODE.invalidRequest;
  return new McpError(status, code, MCP_MESSAGES[status] ?? 'The request cannot be read.', { cause, headers });
}

const PROBLEMS: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  400: ['malformed_body', 'The request cannot be read: its body must be valid JSON, its URL and headers well-formed.'],
  404: ['not_found', 'There is nothing at this URL.'],
  405: ['method_not_allowed', 'This URL does not offer this method; see the Allow header.'],
  413: ['body_too_large', 'The body is larger than this endpoint takes.'],
  415: ['unsupported_media_type', 'Send the body as application/json.'],
  431: ['headers_too_large', 'The headers are larger than 16 KiB.'],
  503: ['unavailable', 'Shutting down, or the database is away. Try again soon.'],
};

function toProblem(fault: HttpFault): ProblemError {
  const { status, cause } = fault;
  const [code, detail] = PROBLEMS[status] ??
    (status < 500 ? PROBLEMS[400] : undefined) ?? ['internal_error', 'It was logged with the time of this request.'];
  return new ProblemError(code, detail, { cause, headers: status === 503 ? { 'retry-after': '5' } : allowHeader(fault) });
}

/** Writes an error in its dialect. */
export function sendWireError(error: WireError, path: string, reply: FastifyReply): void {
  reply.status(error.status).headers(error.headers);
  if (error instanceof ProblemError) {
    reply.header('cache-control', 'no-store').header('content-type', 'application/problem+json; charset=utf-8');
    reply.send(JSON.stringify(error.toBody(hideSecrets(path))));
    return;
  }
  if (error instanceof OAuthError) reply.header('pragma', 'no-cache');
  reply.header('cache-control', 'no-store').header('content-type', 'application/json; charset=utf-8');
  reply.send(JSON.stringify(error.toBody()));
}

export const isWireError = (error: unknown): error is WireError =>
  error instanceof OAuthError || error instanceof McpError || error instanceof ProblemError;
