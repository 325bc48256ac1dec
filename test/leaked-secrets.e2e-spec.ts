import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { generateSecret } from '../src/common/secret-format.js';
import { seenOf } from './support/answers.js';
import { type Answer, ask, type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { type Client, expectNotKept, expectOAuthError, postForm, statusOfCall } from './support/oauth.js';

let gatehouse: TestGatehouse;

const report = (form: Record<string, string | readonly string[]>, headers: Record<string, string> = {}): Promise<Answer> =>
  postForm(gatehouse, 'leaked', { client: null, form, headers });

const leaksOf = async ({ clientId }: Client): Promise<{ address: string; detail: Record<string, unknown> }[]> =>
  (await gatehouse.admin(`/events?kind=credential.secret_leaked&credential=${clientId}`)).json['items'] as never;

/** A credential with two live secrets. */
async function withTwoSecrets(): Promise<{ first: NewCredential; second: NewCredential }> {
  const first = await gatehouse.createCredential();
  const { json } = await gatehouse.admin(`/credentials/${first.id}/rotate`, { body: { overlapSeconds: 3600 } });
  return { first, second: { ...first, clientSecret: json['clientSecret'] as string } };
}

describe('a report of a leaked secret', () => {
  beforeAll(async () => {
    gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_TOKEN_FAILURES: '1000000', RATE_LIMIT_LEAK_REPORTS: '1000000' } });
  });
  afterAll(() => gatehouse.remove());

  it('ends exactly that secret and the tokens made with it; the other one of the credential goes on', async () => {
    const { first, second } = await withTwoSecrets();
    const [token, other] = [await gatehouse.accessToken(first), await gatehouse.accessToken(second)];
    const answer = await report({ secret: first.clientSecret });
    expect([answer.status, answer.json]).toEqual([200, {}]);
    expectNotKept(answer);
    expectOAuthError(await gatehouse.token(first), 401, 'invalid_client');
    expect([await statusOfCall(gatehouse, token), await statusOfCall(gatehouse, other)]).toEqual([401, 200]);
    expect((await gatehouse.token(second)).status).toBe(200);
    const { json } = await gatehouse.admin(`/credentials/${first.id}`);
    expect(json).toMatchObject({ status: 'enabled', secrets: [{ hint: second.clientSecret.slice(-4) }] });
  });

  it('ends an admin key, which then opens nothing any more', async () => {
    const { json } = await gatehouse.admin('/admin-keys', { body: { label: 'script', role: 'owner' } });
    const { id, secret } = json as { id: string; secret: string };
    const headers = { authorization: `Bearer ${secret}` };
    expect((await ask(`${gatehouse.url}/api/v1/credentials`, { headers })).status).toBe(200);
    const answer = await report({ secret, source: 'https://paste.example/2' });
    expect([answer.status, answer.text]).toEqual([200, '{}']);
    expect((await ask(`${gatehouse.url}/api/v1/credentials`, { headers })).status).toBe(401);
    const events = await gatehouse.admin('/events?kind=admin_key.leaked');
    expect(events.json['items']).toMatchObject([{ detail: { id, label: 'script', source: 'https://paste.example/2' } }]);
    expect(events.text).not.toContain(secret);
  });

  it('answers alike, byte for byte, whether the secret is live, ended, unknown, malformed or something else', async () => {
    const { first } = await withTwoSecrets();
    const answers: Answer[] = [];
    const secrets = [
      first.clientSecret,
      first.clientSecret,
      generateSecret('mcs_'),
      `${generateSecret('mcs_').slice(0, -1)}!`,
      first.clientSecret.slice(0, -1),
      'password',
      first.clientId,
      'mcs_',
      '日本語 \u0000 "quotes"',
      'x'.repeat(1000),
    ];
    for (const secret of secrets) answers.push(await report({ secret, source: 'https://paste.example/1' }));
    const [expected, ...others] = answers.map(seenOf);
    expect(expected).toMatchObject({ status: 200, text: '{}' });
    for (const other of others) expect(other).toEqual(expected);
    expect(await leaksOf(first)).toHaveLength(1);
  });

  it('is recorded with address and source, and never the secret (R-ADM-06)', async () => {
    const { first, second } = await withTwoSecrets();
    const jwt = await gatehouse.accessToken(first);
    const source = `https://paste.example/?q=${first.clientSecret} SECOND=${second.clientSecret} Bearer ${jwt}`.slice(0, 500);
    await report({ secret: first.clientSecret, source });
    expect(await leaksOf(first)).toEqual([
      expect.objectContaining({
        kind: 'credential.secret_leaked',
        actor: 'leak report',
        address: '127.0.0.1',
        credentialId: first.id,
        detail: {
          label: 'test',
          secretId: first.secrets[0]!.id,
          hint: first.clientSecret.slice(-4),
          source: 'https://paste.example/?q=mcs_*** SECOND=mcs_*** Bearer eyJ***',
        },
      }),
    ]);
    const events = (await gatehouse.admin('/events', { headers: { accept: 'application/x-ndjson' } })).text;
    for (const secret of [first.clientSecret, second.clientSecret, jwt.slice(0, 60)]) expect(events).not.toContain(secret);
  });

  it('needs no source, and no authentication; whose headers come along does not matter', async () => {
    const { first, second } = await withTwoSecrets();
    await report({ secret: first.clientSecret }, { authorization: 'Bearer nonsense' });
    await report({ secret: ` ${second.clientSecret}\n` });
    for (const one of [first, second]) expectOAuthError(await gatehouse.token(one), 401, 'invalid_client');
    expect((await leaksOf(first)).map(({ detail }) => detail['source'])).toEqual([undefined, undefined]);
  });

  it.each<[string, Record<string, string | readonly string[]>]>([
    ['without a secret', { source: 'x' }],
    ['with an empty one', { secret: '' }],
    ['with two', { secret: ['a', 'b'] }],
    ['with one that is too long to be one', { secret: 'x'.repeat(1001) }],
    ['with too long a source', { secret: 'x', source: 'x'.repeat(501) }],
  ])('%s is refused', async (_, form) => expectOAuthError(await report(form), 400, 'invalid_request'));

  it('with the secret in the URL is refused, and does nothing (R-TOK-08)', async () => {
    const { first } = await withTwoSecrets();
    const url = `${gatehouse.url}/authed/mcp/oauth/leaked?secret=${first.clientSecret}`;
    for (const body of [new URLSearchParams({}), new URLSearchParams({ secret: first.clientSecret })]) {
      const answer = await ask(url, { method: 'POST', body });
      expectOAuthError(answer, 400, 'invalid_request');
      expect(answer.text).not.toContain(first.clientSecret);
    }
    expect((await gatehouse.token(first)).status).toBe(200);
  });

  it('is a form by POST, as at the other endpoints (R-TOK-01, R-TOK-03)', async () => {
    const url = `${gatehouse.url}/authed/mcp/oauth/leaked`;
    const body = JSON.stringify({ secret: 'x' });
    expectOAuthError(await ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }), 400, 'invalid_request');
    expectOAuthError(await ask(url), 405, 'invalid_request');
    expectOAuthError(await report({ secret: 'x', source: 'x'.repeat(65 * 1024) }), 413, 'invalid_request');
  });

  it('counts once, though many report the same secret at the same time', async () => {
    const { first } = await withTwoSecrets();
    const answers = await Promise.all(Array.from({ length: 20 }, () => report({ secret: first.clientSecret })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await leaksOf(first)).toHaveLength(1);
  });

  it('is no error while the credential is deleted', async () => {
    const credentials = await Promise.all(Array.from({ length: 5 }, () => gatehouse.createCredential()));
    const answers = await Promise.all(
      credentials.flatMap(({ id, clientSecret }) => [
        report({ secret: clientSecret }),
        gatehouse.admin(`/credentials/${id}`, { method: 'DELETE' }),
      ]),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 204]));
  });

  it('ends a secret of a disabled credential as well', async () => {
    const { first, second } = await withTwoSecrets();
    await gatehouse.admin(`/credentials/${first.id}/disable`, { method: 'POST' });
    await report({ secret: first.clientSecret });
    await gatehouse.admin(`/credentials/${first.id}/enable`, { method: 'POST' });
    expectOAuthError(await gatehouse.token(first), 401, 'invalid_client');
    expect((await gatehouse.token(second)).status).toBe(200);
  });
});

describe('reports of leaked secrets', () => {
  afterAll(() => gatehouse.remove());

  it('are limited by address with RATE_LIMIT_LEAK_REPORTS, apart from requests for tokens (R-RLM-01)', async () => {
    gatehouse = await startTestGatehouse({ env: { RATE_LIMIT_LEAK_REPORTS: '3', TRUST_PROXY: '127.0.0.1' } });
    const from = (address: string, secret: string) => report({ secret }, { 'x-forwarded-for': address });
    const client = await gatehouse.createCredential();
    for (let i = 0; i < 3; i++) expect((await from('192.0.2.1', 'x')).status).toBe(200);
    const answer = await from('192.0.2.1', client.clientSecret);
    expectOAuthError(answer, 429, 'temporarily_unavailable');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // Nothing was done, and nobody else is held up.
    expect((await gatehouse.token(client)).status).toBe(200);
    expect((await from('192.0.2.2', client.clientSecret)).status).toBe(200);
    expectOAuthError(await gatehouse.token(client), 401, 'invalid_client');
  });

  it('are answered with 503 where they cannot be looked up', async () => {
    await gatehouse.app.get(DataSource).destroy();
    const headers = { 'x-forwarded-for': '192.0.2.3' };
    const answer = await report({ secret: generateSecret('mcs_') }, headers);
    expectOAuthError(answer, 503, 'temporarily_unavailable');
    expect(answer.headers.get('retry-after')).toBe('5');
  });
});
