import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { META, MODERN, until } from './support/http-upstream.js';
import { claimsOf } from './support/oauth.js';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** A gateway, and another installation that is both the upstream and its authorization server. */
let gateway: TestGatehouse;
let upstream: TestGatehouse;
beforeAll(async () => {
  gateway = await startTestGatehouse();
  upstream = await startTestGatehouse();
});
afterAll(async () => {
  await gateway.remove();
  await upstream.remove();
});

const SCOPES = [{ name: 'far', permissions: ['tools/call:*'], default: true }];

async function addServer(slug: string, auth: Record<string, unknown>): Promise<Answer> {
  const endpoint = { tokenUrl: `${upstream.url}/authed/mcp/oauth/token`, ...auth };
  const body = { slug, name: 'Far', upstream: { kind: 'http', url: `${upstream.url}/authed/mcp`, auth: endpoint }, scopes: SCOPES };
  return gateway.admin('/servers', { body });
}

function search(slug: string, token: string): Promise<Answer> {
  const params = { name: 'search_docs', arguments: { query: 'zebra' }, _meta: META };
  return ask(`${gateway.url}/authed/mcp/${slug}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      'mcp-name': 'search_docs',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}

type Event = { credentialId: string; detail: Record<string, unknown> };
const eventsOf = async (gatehouse: TestGatehouse, query: string): Promise<Event[]> =>
  (await gatehouse.admin(`/events?${query}`)).json['items'] as Event[];

describe('an upstream behind client_credentials', () => {
  it('is called with a token of the gateway, asked for once, and again when it ends', async () => {
    const { id, clientId, clientSecret } = await upstream.createCredential({ label: 'gateway' });
    expect((await addServer('far', { type: 'client_credentials', clientId, clientSecret })).status).toBe(201);
    const caller = await gateway.createCredential({ servers: ['far'] });
    const token = await gateway.accessToken(caller);
    const answers = await Promise.all(Array.from({ length: 8 }, () => search('far', token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(answers[0]!.text).toContain('zebra');
    await until(async () => (await eventsOf(upstream, `kind=token.issued&credential=${id}`)).length > 0, 5000);
    expect(await eventsOf(upstream, `kind=token.issued&credential=${id}`)).toHaveLength(1);
    // The upstream ends the token: it is dropped on its 401, and the call is answered with the next one. The caller's token never went there.
    await new Promise((resolve) => setTimeout(resolve, 5100));
    await upstream.admin(`/credentials/${id}/revoke-tokens`, { method: 'POST' });
    expect((await search('far', token)).status).toBe(200);
    await until(async () => (await eventsOf(upstream, `kind=token.issued&credential=${id}`)).length === 2, 5000);
  });

  it('is a 502 to the caller, and a reason to the admin, where the gateway may not have a token', async () => {
    await addServer('shut', { type: 'client_credentials', clientId: 'mcc_nobody', clientSecret: 'not-the-secret' });
    const caller = await gateway.createCredential({ servers: ['shut'] });
    const answer = await search('shut', await gateway.accessToken(caller));
    expect([answer.status, answer.json]).toMatchObject([502, { error: { message: 'The upstream cannot be signed in to.' } }]);
    const test = await gateway.admin('/servers/shut/test', { method: 'POST' });
    expect(test.json).toMatchObject({
      ok: false,
      problems: [{ code: 'token_endpoint', message: expect.stringMatching(/answered 401 invalid_client\.$/) }],
    });
    expect(test.text).not.toContain('not-the-secret');
  });
});

describe('an upstream behind token exchange', () => {
  let agent: NewCredential;
  let first: NewCredential;
  let second: NewCredential;
  beforeAll(async () => {
    agent = await upstream.createCredential({ label: 'gateway', grantTypes: ['client_credentials', TOKEN_EXCHANGE] });
    await addServer('behalf', { type: 'token_exchange', clientId: agent.clientId, clientSecret: agent.clientSecret });
    first = await gateway.createCredential({ label: 'first', servers: ['behalf'] });
    second = await gateway.createCredential({ label: 'second', servers: ['behalf'] });
  });

  /** The upstream's own record of a caller: believed on the gateway's word. */
  const trusted = (subject: string): Promise<NewCredential> =>
    upstream.createCredential({
      label: subject,
      authMethod: 'workload_identity',
      trust: { issuer: `${gateway.url}/authed/mcp`, jwksUri: `${gateway.url}/authed/mcp/oauth/jwks`, subject },
    });

  it('learns who calls, and answers those only that it knows', async () => {
    const known = await trusted(first.clientId);
    expect((await search('behalf', await gateway.accessToken(first))).status).toBe(200);
    expect((await search('behalf', await gateway.accessToken(second))).status).toBe(502);
    await until(async () => (await eventsOf(upstream, `kind=call&credential=${agent.id}`)).length > 0, 5000);
    const [issued] = await eventsOf(upstream, `kind=token.issued&credential=${agent.id}`);
    expect(issued?.detail).toMatchObject({ grantType: TOKEN_EXCHANGE, actsFor: expect.anything() });
    expect(JSON.stringify(issued?.detail)).toContain(known.clientId);
  });

  it('ends with the credential of whom it is for', async () => {
    const caller = await gateway.createCredential({ label: 'third', servers: ['behalf'] });
    const known = await trusted(caller.clientId);
    const token = await gateway.accessToken(caller);
    expect((await search('behalf', token)).status).toBe(200);
    await upstream.admin(`/credentials/${known.id}/disable`, { method: 'POST' });
    expect((await search('behalf', token)).status).toBe(502);
  });
});

describe('the gateway’s word for a caller', () => {
  it('opens nothing here: it is no access token, and for one token endpoint only', async () => {
    const { SubjectTokens } = await import('../src/tokens/subject-tokens.js');
    const credential = await gateway.createCredential();
    for (const audience of [`${gateway.url}/authed/mcp`, `${upstream.url}/authed/mcp/oauth/token`]) {
      const word = gateway.app.get(SubjectTokens).issue(credential.clientId, audience);
      expect(claimsOf(word)).toMatchObject({ iss: `${gateway.url}/authed/mcp`, sub: credential.clientId, aud: audience });
      const answer = await ask(`${gateway.url}/authed/mcp`, { method: 'POST', headers: { authorization: `Bearer ${word}` }, body: '{}' });
      expect(answer.status).toBe(401);
    }
  });
});
