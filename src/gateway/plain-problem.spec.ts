import { describe, expect, it } from '@jest/globals';
import { EgressError } from '../egress/egress-error.js';
import { McpError } from '../protocol/mcp-error.js';
import { EndedAttempt } from './http-upstream/attempt.js';
import { refusedUs, toMcpError } from './http-upstream/faults.js';
import { describeProblem } from './plain-problem.js';
import { TokenRequestError } from './upstream-auth/token-request.js';
import { RemoteError } from './upstream-call.js';

const url = new URL('https://mcp.example.com/mcp');
const network = (code: string) => toMcpError(Object.assign(new Error('x'), { code }), url, 1);

describe('describeProblem', () => {
  it.each<[string, unknown]>([
    ['dns', network('ENOTFOUND')],
    ['dns', network('EAI_AGAIN')],
    ['tls', network('SELF_SIGNED_CERT_IN_CHAIN')],
    ['tls', network('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['tls', network('CERT_HAS_EXPIRED')],
    ['unreachable', network('ECONNREFUSED')],
    ['timeout', network('UND_ERR_CONNECT_TIMEOUT')],
    ['timeout', toMcpError(new EndedAttempt('too late'), url, 1)],
    ['timeout', new DOMException('x', 'TimeoutError')],
    ['egress_refused', toMcpError(new EgressError('refused', 'the address is not public', url), url, 1)],
    ['redirect', refusedUs(1, 302)],
    ['unauthorized', refusedUs(1, 401)],
    ['unauthorized', refusedUs(1, 403)],
    ['token_endpoint', new TokenRequestError('The token endpoint at https://a.example answered 400 invalid_client')],
    ['not_mcp', new McpError(502, -32603, 'x', { detail: 'The upstream answered with something that is not JSON' })],
    ['failed', new RemoteError({ code: -32000, message: 'Out of order' })],
    ['failed', new Error('a secret')],
  ])('calls it %s: %p', (code, error) => {
    const problem = describeProblem(error);
    expect(problem).toEqual({ code, message: expect.stringMatching(/^[A-Z]/) });
    expect(problem.message).not.toContain('secret');
  });
});
