import type { EgressRequest, EgressResponse } from '../../egress/egress-client.js';
import { EgressError } from '../../egress/egress-error.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject } from '../message-shape.js';

/** Sends an outbound request through the egress guard. @throws {EgressError} */
export type SendRequest = (request: EgressRequest) => Promise<EgressResponse>;

/** The token endpoint of an upstream's authorization server, and who we are there. */
export interface TokenEndpoint {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ReceivedToken {
  readonly accessToken: string;
  readonly lifetimeMs: number;
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024;
/** Where the answer does not say it (RFC 6749 §5.1 lets it). Too long costs one refused call, after which the token is dropped. */
const DEFAULT_LIFETIME_SECONDS = 300;
/** What a header can carry (RFC 6750 §2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
/** Narrower than RFC 6749 §5.2: a name, and nothing that could be an echo of what was sent. */
const ERROR_CODE = /^[a-z_]{1,40}$/;

/** Why there is no token, for an admin to read; never with a secret, a token or a text of the other side's. */
export class TokenRequestError extends McpError {
  constructor(detail: string, cause?: unknown) {
    super(502, MCP_CODE.internalError, 'The upstream cannot be signed in to.', { detail, cause });
  }
}

/**
 * Asks for an access token, with the client's secret as Basic (RFC 6749 §2.3.1, which every server has to accept).
 * @throws {TokenRequestError}
 */
export async function requestToken(
  send: SendRequest,
  endpoint: TokenEndpoint,
  parameters: Readonly<Record<string, string | undefined>>,
): Promise<ReceivedToken> {
  const { tokenUrl, clientId, clientSecret } = endpoint;
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) body.set(name, value);
  const answer = await sendForm({ send, url: tokenUrl }, body, `Basic ${base64(`${encode(clientId)}:${encode(clientSecret)}`)}`);
  return readToken(answer, new URL(tokenUrl).origin);
}

async function sendForm(to: { send: SendRequest; url: string }, body: URLSearchParams, authorization: string): Promise<EgressResponse> {
  const headers = { authorization, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  try {
    return await to.send({ url: to.url, method: 'POST', headers, body: body.toString(), maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof EgressError) throw new TokenRequestError(`The token endpoint cannot be used: ${error.message}`, error);
    throw error;
  }
}

function readToken({ status, body }: EgressResponse, origin: string): ReceivedToken {
  const answer = parseObject(body) ?? {};
  if (status !== 200) throw new TokenRequestError(`The token endpoint at ${origin} answered ${status}${nameError(answer['error'])}`);
  const { access_token: accessToken, token_type: type = 'Bearer', expires_in: seconds } = answer;
  if (typeof accessToken !== 'string' || !TOKEN.test(accessToken)) {
    throw new TokenRequestError(`The token endpoint at ${origin} answered without a usable access_token`);
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new TokenRequestError(`The token endpoint at ${origin} answered with a token that is no bearer token`);
  }
  return { accessToken, lifetimeMs: 1000 * lifetimeOf(seconds) };
}

const nameError = (code: unknown): string => (typeof code === 'string' && ERROR_CODE.test(code) ? ` ${code}` : '');

function lifetimeOf(seconds: unknown): number {
  const value = typeof seconds === 'string' && /^\d{1,10}$/.test(seconds) ? Number(seconds) : seconds;
  return typeof value === 'number' && value > 0 && value < 1e10 ? value : DEFAULT_LIFETIME_SECONDS;
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    // What is no JSON holds no token; the caller says so.
    return undefined;
  }
}

/** RFC 6749 §2.3.1 and appendix B: form encoding first, then Basic. */
const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
