import { EgressError } from '../egress/egress-error.js';
import { McpError } from '../protocol/mcp-error.js';
import { SessionLostError } from './eras/legacy-connection.js';
import { RefusedUs } from './http-upstream/faults.js';
import { TokenRequestError } from './upstream-auth/token-request.js';
import { RemoteError } from './upstream-call.js';

export const PROBLEM_CODES = [
  'dns',
  'egress_refused',
  'unreachable',
  'tls',
  'timeout',
  'redirect',
  'unauthorized',
  'token_endpoint',
  'not_mcp',
  'source',
  'failed',
] as const;

/** What is wrong with a server, for the admin who set it up. Holds no secret. */
export interface PlainProblem {
  readonly code: (typeof PROBLEM_CODES)[number];
  readonly message: string;
}

const DNS = /^(ENOTFOUND|ENODATA|EAI_.*|ESERVFAIL|EREFUSED)$/;
const TLS = /^(CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|ERR_TLS_.*|ERR_SSL_.*|EPROTO|HOSTNAME_MISMATCH)$/;
const MAX_LENGTH = 500;

/** Names what went wrong when a server was called. */
export function describeProblem(error: unknown): PlainProblem {
  if (error instanceof TokenRequestError) return { code: 'token_endpoint', message: `${error.detail}.` };
  if (error instanceof RefusedUs) return describeRefusal(error.answered);
  if (error instanceof RemoteError) return { code: 'failed', message: `It answered with an error: ${error.message.slice(0, MAX_LENGTH)}` };
  if (error instanceof McpError) return error.cause instanceof EgressError ? describeNetwork(error.cause) : describeAnswer(error);
  if (error instanceof EgressError) return describeNetwork(error);
  if (error instanceof SessionLostError) return { code: 'not_mcp', message: 'It forgets sessions as soon as it opens them.' };
  return isTimeout(error) ? TOO_LATE : { code: 'failed', message: 'It could not be tried: see the log.' };
}

const TOO_LATE: PlainProblem = { code: 'timeout', message: 'It did not answer in time.' };

/** What an `AbortSignal.timeout` gives as its reason. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'TimeoutError';

function describeRefusal(status: number): PlainProblem {
  if (status === 401) return { code: 'unauthorized', message: 'It answered 401: it does not accept what the gateway signs in with.' };
  if (status === 403)
    return { code: 'unauthorized', message: 'It answered 403: what the gateway signs in with is not allowed to do this.' };
  return { code: 'redirect', message: `It answered ${status}, a redirect, which is not followed: enter the URL that it leads to.` };
}

function describeNetwork({ code, errno = '', message }: EgressError): PlainProblem {
  if (code === 'refused') return { code: 'egress_refused', message: `The egress guard does not let it through: ${message}.` };
  if (code === 'timeout') return { code: 'timeout', message: `It did not answer in time: ${message}.` };
  if (code === 'redirect') return { code: 'redirect', message: `${message}.` };
  if (DNS.test(errno)) return { code: 'dns', message: `Its name is not known to DNS (${errno}).` };
  if (TLS.test(errno)) return { code: 'tls', message: `Its TLS certificate or protocol cannot be trusted (${errno}).` };
  return { code: 'unreachable', message: `It cannot be reached: ${message}.` };
}

function describeAnswer({ status, detail }: McpError): PlainProblem {
  if (status === 504) return TOO_LATE;
  return { code: 'not_mcp', message: `It did not answer as an MCP server: ${detail.slice(0, MAX_LENGTH)}.` };
}
