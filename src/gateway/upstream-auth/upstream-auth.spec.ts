import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EgressClient } from '../../egress/egress-client.js';
import { EgressPolicy } from '../../egress/egress-policy.js';
import type { Exchange } from '../../protocol/exchange.js';
import type { ServerState } from '../../servers/server-state.js';
import type { UpstreamAuth, UpstreamSecrets } from '../../servers/upstream.js';
import { createAuthenticator } from './create-authenticator.js';

const SECRET = 'upstream secret/+';

/** An authorization server that answers as it is told, and remembers what it was asked. */
class AuthorizationServer {
  readonly asked: { authorization: string | undefined; form: URLSearchParams }[] = [];
  answer: (form: URLSearchParams) => { status?: number; body: unknown; delayMs?: number } = () => ({
    body: { access_token: 'a', token_type: 'Bearer' },
  });
  url = '';
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`;
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** Tokens a, b, c …, each for so long. */
  issueInTurn(expiresIn?: unknown): void {
    let next = 0;
    this.answer = () => ({ body: { access_token: String.fromCharCode(97 + next++), token_type: 'bearer', expires_in: expiresIn } });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    this.asked.push({ authorization: request.headers.authorization, form });
    const { status = 200, body, delayMs = 0 } = this.answer(form);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
  }
}

const egress = new EgressClient(new EgressPolicy(['127.0.0.0/8']));
let authorizationServer: AuthorizationServer;
let now: number;
beforeEach(async () => {
  authorizationServer = new AuthorizationServer();
  await authorizationServer.start();
  now = 1_790_000_000_000;
});
afterEach(() => authorizationServer.stop());
afterAll(() => egress.close());

const exchangeOf = (clientId?: string) =>
  ({ caller: { owner: 'c', audience: 'authenticated', clientId, isAllowed: () => true } }) as unknown as Exchange;
const EXCHANGE = exchangeOf('mcc_1');

function authenticator(auth: UpstreamAuth, secrets: UpstreamSecrets) {
  const server = {
    slug: 'x',
    upstream: { kind: 'http', url: 'https://x.example', auth },
    openSecrets: () => secrets,
  } as unknown as ServerState;
  return createAuthenticator(server, {
    send: (request) => egress.request(request),
    clock: () => now,
    issueSubject: (sub, aud) => `subject.${sub}.${Buffer.from(aud).toString('hex')}`,
  });
}

const credentials = (more: object = {}): UpstreamAuth => ({
  type: 'client_credentials',
  tokenUrl: authorizationServer.url,
  clientId: 'gate:house',
  ...more,
});
const clientCredentials = (more: object = {}) => authenticator(credentials(more), { clientSecret: SECRET });
const refusal = async (ask: () => unknown): Promise<Record<string, unknown>> => {
  try {
    await ask();
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('It was not refused');
};

describe('createAuthenticator', () => {
  it('presents nothing, a bearer token, or headers, which a refusal does not change', async () => {
    expect(authenticator({ type: 'none' }, {}).headers(EXCHANGE)).toEqual({});
    const bearer = authenticator({ type: 'bearer' }, { token: 't' });
    expect(bearer.headers(EXCHANGE)).toEqual({ authorization: 'Bearer t' });
    expect(bearer.refused({ authorization: 'Bearer t' })).toBe(false);
    expect(await authenticator({ type: 'headers', names: ['x-api-key'] }, { headers: { 'x-api-key': 'k' } }).headers(EXCHANGE)).toEqual({
      'x-api-key': 'k',
    });
  });

  it('fails every call, and nothing else, where its secrets cannot be opened', async () => {
    const error = await refusal(() => authenticator({ type: 'bearer' }, {}).headers(EXCHANGE));
    expect(error).toMatchObject({
      status: 502,
      publicMessage: 'The upstream cannot be signed in to.',
      detail: expect.stringContaining('MASTER_KEY'),
    });
  });
});

describe('client_credentials', () => {
  it('asks once for all who call at the same time, with the secret as Basic [RFC 6749 §2.3.1, §4.4]', async () => {
    authorizationServer.issueInTurn(3600);
    const auth = clientCredentials({ scope: 'a b', resource: 'https://x.example' });
    const all = await Promise.all(Array.from({ length: 20 }, async () => auth.headers(EXCHANGE)));
    expect(new Set(all.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer a']));
    expect(authorizationServer.asked).toHaveLength(1);
    const [{ authorization, form }] = authorizationServer.asked as [(typeof authorizationServer.asked)[0]];
    expect(Buffer.from(authorization!.slice(6), 'base64').toString()).toBe('gate%3Ahouse:upstream+secret%2F%2B');
    expect(Object.fromEntries(form)).toEqual({ grant_type: 'client_credentials', scope: 'a b', resource: 'https://x.example' });
  });

  it('answers from memory, and renews early without anybody waiting', async () => {
    authorizationServer.issueInTurn(100);
    const auth = clientCredentials();
    await auth.headers(EXCHANGE);
    now += 70_000;
    expect(auth.headers(EXCHANGE)).toEqual({ authorization: 'Bearer a' });
    now += 10_000;
    expect(auth.headers(EXCHANGE)).toEqual({ authorization: 'Bearer a' });
    await until(
      () => authorizationServer.asked.length === 2 && (auth.headers(EXCHANGE) as Record<string, string>)['authorization'] === 'Bearer b',
    );
  });

  it('goes on with the old token while it is valid and none can be had, then names what is wrong', async () => {
    authorizationServer.issueInTurn(100);
    const auth = clientCredentials();
    await auth.headers(EXCHANGE);
    authorizationServer.answer = () => ({ status: 500, body: 'upstream secret/+' });
    now += 80_000;
    expect(auth.headers(EXCHANGE)).toEqual({ authorization: 'Bearer a' });
    await until(() => authorizationServer.asked.length === 2);
    expect(auth.headers(EXCHANGE)).toEqual({ authorization: 'Bearer a' });
    now += 16_000;
    const error = await refusal(() => auth.headers(EXCHANGE));
    expect(error).toMatchObject({
      status: 502,
      detail: expect.stringMatching(/^The token endpoint at http:\/\/127\.0\.0\.1:\d+ answered 500$/),
    });
  });

  it('leaves an endpoint that fails alone for a while, longer each time', async () => {
    authorizationServer.answer = () => ({ status: 401, body: { error: 'invalid_client', error_description: SECRET } });
    const auth = clientCredentials();
    for (const pause of [1000, 2000, 4000]) {
      const first = await refusal(() => auth.headers(EXCHANGE));
      expect(first['detail']).toMatch(/answered 401 invalid_client$/);
      const asked = authorizationServer.asked.length;
      now += pause - 1;
      expect(await refusal(() => auth.headers(EXCHANGE))).toBe(first);
      expect(authorizationServer.asked).toHaveLength(asked);
      now += 1;
    }
    authorizationServer.issueInTurn();
    expect(await auth.headers(EXCHANGE)).toEqual({ authorization: 'Bearer a' });
  });

  it('drops a token that the upstream refuses, unless it was just made', async () => {
    authorizationServer.issueInTurn(3600);
    const auth = clientCredentials();
    const first = await auth.headers(EXCHANGE);
    expect(auth.refused(first)).toBe(false);
    now += 6000;
    expect(auth.refused(first)).toBe(true);
    const second = await auth.headers(EXCHANGE);
    expect(second).toEqual({ authorization: 'Bearer b' });
    expect(auth.refused(first)).toBe(true); // somebody else has renewed it already
    expect(auth.headers(EXCHANGE)).toBe(second);
    expect(authorizationServer.asked).toHaveLength(2);
  });

  it.each([
    [undefined, 280_000, 300_000],
    ['7200', 5_000_000, 7_200_000],
    ['soon', 280_000, 300_000],
    [-1, 280_000, 300_000],
    [4, 1_000, 3_000],
  ])('takes expires_in %p as a life that ends between %d and %d ms', async (expiresIn, alive, dead) => {
    authorizationServer.issueInTurn(expiresIn);
    const auth = clientCredentials();
    await auth.headers(EXCHANGE);
    now += alive;
    expect(auth.headers(EXCHANGE)).not.toBeInstanceOf(Promise);
    now += dead - alive;
    await until(() => authorizationServer.asked.length >= 1);
    expect((await auth.headers(EXCHANGE))['authorization']).not.toBe('Bearer a');
  });

  it.each<[string, number, unknown, RegExp]>([
    ['no JSON', 200, '<html>', /without a usable access_token/],
    ['a list', 200, [], /without a usable access_token/],
    ['no token', 200, { token_type: 'Bearer' }, /without a usable access_token/],
    ['a token that no header can carry', 200, { access_token: 'a\r\nx: y', token_type: 'Bearer' }, /without a usable access_token/],
    ['a DPoP token', 200, { access_token: 'a', token_type: 'DPoP' }, /no bearer token/],
    ['an error with a strange code', 400, { error: `echo ${SECRET}` }, /answered 400$/],
    ['an endless answer', 200, 'x'.repeat(100_000), /cannot be used: .*exceed|cannot be used/],
    ['a redirect', 302, '', /redirect/],
  ])('names %s as the fault of the endpoint, without secrets', async (_what, status, body, detail) => {
    authorizationServer.answer = () => ({ status, body });
    const error = await refusal(() => clientCredentials().headers(EXCHANGE));
    expect(error).toMatchObject({ name: 'McpError', status: 502, publicMessage: 'The upstream cannot be signed in to.' });
    expect(error['detail']).toMatch(detail);
    expect(JSON.stringify([error['detail'], error['message']])).not.toContain('secret/+');
  });

  it('goes through the egress guard', async () => {
    const error = await refusal(() => clientCredentials({ tokenUrl: 'https://169.254.169.254/token' }).headers(EXCHANGE));
    expect(error['detail']).toMatch(/^The token endpoint cannot be used: .*not public/);
  });
});

describe('token_exchange', () => {
  const tokenExchange = () =>
    authenticator(
      { type: 'token_exchange', tokenUrl: authorizationServer.url, clientId: 'gatehouse', audience: 'https://x.example' },
      { clientSecret: SECRET },
    );

  it('asks for each caller with a statement of ours, keeps the tokens apart, and asks once for each [RFC 8693 §2.1]', async () => {
    authorizationServer.answer = (form) => ({
      body: { access_token: form.get('subject_token')!.split('.')[1], token_type: 'Bearer', expires_in: 60 },
    });
    const auth = tokenExchange();
    const callers = ['mcc_1', 'mcc_2', 'mcc_1', 'mcc_2'].map(async (id) => auth.headers(exchangeOf(id)));
    const headers = await Promise.all(callers);
    expect(headers.map(({ authorization }) => authorization)).toEqual(['Bearer mcc_1', 'Bearer mcc_2', 'Bearer mcc_1', 'Bearer mcc_2']);
    expect(authorizationServer.asked).toHaveLength(2);
    expect(Object.fromEntries(authorizationServer.asked[0]!.form)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: `subject.mcc_1.${Buffer.from(authorizationServer.url).toString('hex')}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'https://x.example',
    });
    now += 10_000;
    expect(auth.refused(headers[0]!)).toBe(true);
    await auth.headers(exchangeOf('mcc_2'));
    expect(authorizationServer.asked).toHaveLength(2);
    await auth.headers(exchangeOf('mcc_1'));
    expect(authorizationServer.asked).toHaveLength(3);
  });

  it('asks for nobody where nobody is known', async () => {
    expect(await refusal(() => tokenExchange().headers(exchangeOf()))).toMatchObject({
      status: 502,
      detail: expect.stringContaining('nobody'),
    });
    expect(authorizationServer.asked).toHaveLength(0);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end;) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('It did not come about in time');
}
