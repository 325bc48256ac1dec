import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from './support/eventually.js';
import { type Answer, ask } from './support/gatehouse.js';
import { startGitHost } from './support/git-host.js';
import { META, MODERN, startMcpUpstream, type TestUpstream } from './support/http-upstream.js';
import { postForm } from './support/oauth.js';
import { build, type Replica, type Replicas, startReplicas } from './support/replicas.js';

/** The bound, and what this measurement itself may take. */
const BOUND_MS = 1000;
const TOLERANCE_MS = 250;

let replicas: Replicas;
const upstreams: TestUpstream[] = [];
beforeAll(async () => {
  build();
  replicas = await startReplicas({ EGRESS_ALLOW: '127.0.0.0/8' });
}, 120_000);
afterAll(async () => {
  await replicas.remove();
  for (const upstream of upstreams) await upstream.close();
});

async function startUpstream(): Promise<TestUpstream> {
  const upstream = await startMcpUpstream();
  upstreams.push(upstream);
  return upstream;
}

/** Calls at the second replica. */
function call(path: string, token?: string): Promise<Answer> {
  return ask(`${replicas.second.url}${path}`, {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {}, _meta: META } }),
  });
}

/** How long it took, in milliseconds, until something was so at the second replica, from an act at the first on. */
async function lag(act: () => Promise<Answer>, isSo: () => Promise<boolean>): Promise<number> {
  const answer = await act();
  expect([answer.status < 300, answer.text]).toEqual([true, expect.any(String)]);
  const started = performance.now();
  while (!(await isSo())) {
    if (performance.now() - started > 10_000) throw new Error('It did not come about in 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - started;
}

it('a change of a server on one process is in effect on the other within a second', async () => {
  const { first } = replicas;
  const [one, two] = [await startUpstream(), await startUpstream()];
  const path = '/authed/mcp/far';
  const scopes = [{ name: 'far', permissions: ['tools/call:*'], default: true }];
  const upstream = { kind: 'http', url: one.url, auth: { type: 'bearer', token: 'first-token' } };
  const lags: number[] = [];
  const status = async (token?: string) => (await call(path, token)).status;

  lags.push(
    await lag(
      () => first.admin('/servers', { body: { slug: 'far', name: 'Far', upstream, scopes } }),
      async () => (await status()) === 401,
    ),
  );
  const client = await first.createCredential({ servers: ['far'] });
  const { json } = await postForm(first, 'token', { client, form: { grant_type: 'client_credentials' } });
  const token = json['access_token'] as string;
  expect(await status(token)).toBe(200);

  const patch = (body: object) => () => first.admin('/servers/far', { method: 'PATCH', body });
  const auth = { type: 'bearer', token: 'second-token' };
  lags.push(
    await lag(patch({ upstream: { kind: 'http', auth } }), async () => {
      await call(path, token);
      return one.asked.at(-1)?.headers.authorization === 'Bearer second-token';
    }),
  );
  lags.push(
    await lag(patch({ upstream: { kind: 'http', url: two.url, auth } }), async () => {
      await call(path, token);
      return two.asked.length > 0;
    }),
  );
  lags.push(await lag(patch({ access: 'public' }), async () => (await status(token)) === 404 && (await call('/mcp/far')).status === 200));
  lags.push(
    await lag(
      patch({ access: 'both', scopes: [{ ...scopes[0], permissions: ['tools/call:add'] }] }),
      async () => 'error' in (await call(path, token)).json,
    ),
  );
  lags.push(
    await lag(
      patch({ isDefault: true }),
      async () => (await call('/authed/mcp', token)).status === 401 && (await call('/mcp')).status === 200,
    ),
  );
  await first.admin('/servers/docs', { method: 'PATCH', body: { isDefault: true } });
  lags.push(
    await lag(
      () => first.admin('/servers/far?detach=true', { method: 'DELETE' }),
      async () => (await status(token)) === 404,
    ),
  );
  expect(Math.max(...lags)).toBeLessThan(BOUND_MS + TOLERANCE_MS);
}, 60_000);

it('a webhook makes every process pull', async () => {
  const root = mkdtempSync(join(tmpdir(), 'git-replicas-'));
  const host = await startGitHost(root);
  try {
    const initial = host.commit({ 'index.md': '# First\n' });
    const { first, second } = replicas;
    await first.admin('/servers', {
      body: { slug: 'manual', name: 'Manual', upstream: { kind: 'docs', git: { url: host.url, intervalSeconds: 86_400 } } },
    });
    const commitAt = async (replica: Replica) =>
      ((await replica.admin('/servers/manual/docs')).json['git'] as { commit?: string } | undefined)?.commit;
    const both = (commit: string) =>
      eventually(async () => expect([await commitAt(first), await commitAt(second)]).toEqual([commit, commit]), 30_000);
    await both(initial);
    const { json } = await first.admin('/servers/manual/docs/webhook', { method: 'POST' });
    const commit = host.commit({ 'index.md': '# Third\n' });
    const headers = { 'x-gitlab-token': json['secret'] as string };
    expect((await ask(`${first.url}/webhooks/docs/manual`, { method: 'POST', body: '{}', headers })).status).toBe(202);
    await both(commit);
  } finally {
    await host.close();
    rmSync(root, { recursive: true, force: true });
  }
});
