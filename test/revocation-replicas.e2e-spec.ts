import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, ask, type NewCredential } from './support/gatehouse.js';
import { listTools, postForm } from './support/oauth.js';
import { build, type Replica, type Replicas, startReplicas } from './support/replicas.js';

/** The bound of R-REV-06, and what this measurement itself may take. */
const BOUND_MS = 1000;
const TOLERANCE_MS = 250;

const LEGACY = '2025-11-25';
const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

let replicas: Replicas;
beforeAll(async () => {
  build();
  replicas = await startReplicas();
}, 400_000);
afterAll(() => replicas.remove());

/** A token that is at work on the second replica: calls with it pass, and a stream is open. */
interface AtWork {
  readonly credential: NewCredential;
  readonly token: string;
  readonly stream: OpenStream;
}

interface OpenStream {
  /** When it ended, in milliseconds since the Unix epoch; undefined while it is open. */
  endedAt?: number;
  readonly ended: Promise<void>;
}

/** Uses the token long enough to see that it does not end by itself. */
async function putToWork(): Promise<AtWork> {
  const { first, second } = replicas;
  const credential = await first.createCredential();
  const { json } = await postForm(first, 'token', { client: credential, form: { grant_type: 'client_credentials' } });
  const token = json['access_token'] as string;
  const stream = await openStream(second, token);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([(await call(token)).status, stream.endedAt]).toEqual([200, undefined]);
  return { credential, token, stream };
}

const call = (token: string): Promise<Answer> => listTools(`${replicas.second.url}/authed/mcp`, token);

/** The stream of a session. */
async function openStream({ url }: Replica, token: string): Promise<OpenStream> {
  const endpoint = `${url}/authed/mcp`;
  const headers = { ...JSON_RPC, authorization: `Bearer ${token}` };
  const send = (message: object, more: Record<string, string> = {}): Promise<Answer> =>
    ask(endpoint, { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const opening = await send({ id: 1, method: 'initialize', params });
  const session = { 'mcp-session-id': opening.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': LEGACY };
  await send({ method: 'notifications/initialized' }, session);
  const response = await fetch(endpoint, { headers: { ...headers, ...session, accept: 'text/event-stream' } });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
  const stream: OpenStream = { ended: response.text().then(() => void (stream.endedAt = Date.now())) };
  return stream;
}

/** When a call with the token was first refused, in milliseconds since the Unix epoch; it is refused ever after. */
async function refusalOf(token: string): Promise<number> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const { status } = await call(token);
    if (status === 401) {
      const at = Date.now();
      expect((await call(token)).status).toBe(401);
      return at;
    }
    expect(status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The token was accepted for 10 s');
}

async function expectEndSoon({ token, stream }: AtWork, since: number): Promise<void> {
  const refused = await refusalOf(token);
  await stream.ended;
  expect(refused - since).toBeLessThanOrEqual(BOUND_MS + TOLERANCE_MS);
  expect((stream.endedAt ?? Infinity) - since).toBeLessThanOrEqual(BOUND_MS + TOLERANCE_MS);
}

/** Right before something ends by itself, it is as it was. */
async function expectGood({ token, stream }: AtWork, until: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, until - 300 - Date.now()));
  expect([(await call(token)).status, stream.endedAt]).toEqual([200, undefined]);
}

const post = (path: string, body?: unknown) => ({ path, init: body === undefined ? { method: 'POST' } : { body } });

/** What happens on one process, seen from another: both have the database in common, and nothing else (R-REV-06, R-GWC-14). */
describe('on another replica, calls are refused and an open stream ends within a second after a credential', () => {
  it.each<[string, (credential: NewCredential) => { path: string; init: { method?: string; body?: unknown } }]>([
    ['was disabled', ({ id }) => post(`/credentials/${id}/disable`)],
    ['was deleted', ({ id }) => ({ path: `/credentials/${id}`, init: { method: 'DELETE' } })],
    ['was rotated without overlap', ({ id }) => post(`/credentials/${id}/rotate`, { overlapSeconds: 0 })],
    ['lost the secret', ({ id, secrets }) => ({ path: `/credentials/${id}/secrets/${secrets[0]?.id ?? ''}`, init: { method: 'DELETE' } })],
    ['lost all its tokens', ({ id }) => post(`/credentials/${id}/revoke-tokens`)],
  ])('%s', async (_, act) => {
    const work = await putToWork();
    const { path, init } = act(work.credential);
    expect((await replicas.first.admin(path, init)).status).toBeLessThan(300);
    await expectEndSoon(work, Date.now());
  });

  it('revoked the token itself', async () => {
    const work = await putToWork();
    expect((await postForm(replicas.first, 'revoke', { client: work.credential, form: { token: work.token } })).status).toBe(200);
    await expectEndSoon(work, Date.now());
  });

  it('was reported as leaked', async () => {
    const work = await putToWork();
    expect((await postForm(replicas.first, 'leaked', { client: null, form: { secret: work.credential.clientSecret } })).status).toBe(200);
    await expectEndSoon(work, Date.now());
  });

  it('expired, and not before', async () => {
    const work = await putToWork();
    const expiresAt = Date.now() + 2500;
    const body = { expiresAt: new Date(expiresAt).toISOString() };
    expect((await replicas.first.admin(`/credentials/${work.credential.id}`, { method: 'PATCH', body })).status).toBe(200);
    await expectGood(work, expiresAt);
    await expectEndSoon(work, expiresAt);
  });

  it('came to the end of an overlap, and not before', async () => {
    const work = await putToWork();
    const { json } = await replicas.first.admin(`/credentials/${work.credential.id}/rotate`, { body: { overlapSeconds: 2 } });
    const [old] = json['secrets'] as { expiresAt: string }[];
    const expiresAt = Date.parse(old?.expiresAt ?? '');
    await expectGood(work, expiresAt);
    await expectEndSoon(work, expiresAt);
  });
});
