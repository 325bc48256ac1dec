import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from './support/eventually.js';
import { ask } from './support/gatehouse.js';
import { event, META, MODERN, openStream, startMcpUpstream, type TestUpstream } from './support/http-upstream.js';
import { listTools, postForm } from './support/oauth.js';
import { build, type Replica, type Replicas, startReplicas } from './support/replicas.js';

const LOOK_MS = 100;
const WORKERS = 4;
/** Longer than the process waits before it drains: it is cut off there, or nowhere. */
const SLOW_MS = 5000;
/** Connections are ended until a second before the process stops to listen. */
const DELAY_SECONDS = 3;

let replicas: Replicas;
let upstream: TestUpstream;

beforeAll(async () => {
  build();
  upstream = await startMcpUpstream({
    eras: ['modern'],
    tools: [{ name: 'slow', inputSchema: { type: 'object' } }],
    on: {
      slow: (asked, response) => {
        openStream(response).write(event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }));
        const result = { resultType: 'complete', content: [{ type: 'text', text: 'at last' }] };
        setTimeout(() => response.end(event({ jsonrpc: '2.0', id: asked.message.id, result })), SLOW_MS);
      },
    },
  });
  replicas = await startReplicas({ EGRESS_ALLOW: '127.0.0.0/8', SHUTDOWN_DELAY: String(DELAY_SECONDS) });
}, 400_000);
afterAll(async () => {
  await replicas.remove();
  await upstream.close();
});

/** A balancer as small as can be: in turn, to those that said that they are ready when it last looked. */
function balance(all: readonly Replica[]): { next(): Replica; stop(): void } {
  let ready: readonly Replica[] = all;
  let turn = 0;
  const isReady = ({ url }: Replica) =>
    fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  const look = async (): Promise<void> => {
    const answers = await Promise.all(all.map(isReady));
    ready = all.filter((_, index) => answers[index]);
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  return {
    next: () => {
      const chosen = ready[turn++ % ready.length];
      if (!chosen) throw new Error('No replica is ready');
      return chosen;
    },
    stop: () => clearInterval(timer),
  };
}

it('replaces every process under load, and no call fails: not those under way, and not one that takes longer than a balancer needs', async () => {
  const { first, second } = replicas;
  const scopes = [{ name: 'all', permissions: ['*'], default: true }];
  await first.admin('/servers', { body: { slug: 'slow', name: 'Slow', upstream: { kind: 'http', url: upstream.url }, scopes } });
  const client = await first.createCredential({ servers: ['docs', 'slow'] });
  const { resource } = (await ask(`${first.url}/.well-known/oauth-protected-resource/authed/mcp`)).json as { resource: string };
  const slowToken = (await postForm(first, 'token', { client, form: { grant_type: 'client_credentials', resource: `${resource}/slow` } }))
    .json['access_token'] as string;
  const mint = (where: Replica) => postForm(where, 'token', { client, form: { grant_type: 'client_credentials', scope: 'mcp:search' } });
  const callSlow = ({ url }: Replica) =>
    ask(`${url}/authed/mcp/slow`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${slowToken}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': MODERN,
        'mcp-method': 'tools/call',
        'mcp-name': 'slow',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow', arguments: {}, _meta: META } }),
    });
  let token = (await mint(first)).json['access_token'] as string;
  await eventually(async () => expect((await listTools(`${second.url}/authed/mcp`, token)).status).toBe(200));

  const balancer = balance([first, second]);
  const failures: string[] = [];
  const counts = { mints: 0, calls: 0, slow: 0 };
  let isOver = false;
  const work = async (): Promise<void> => {
    while (!isOver) {
      try {
        const minted = await mint(balancer.next());
        if (minted.status === 200) token = minted.json['access_token'] as string;
        else failures.push(`mint ${minted.status} ${minted.text}`);
        const called = await listTools(`${balancer.next().url}/authed/mcp`, token);
        if (called.status !== 200) failures.push(`call ${called.status} ${called.text}`);
        counts.mints++;
        counts.calls++;
      } catch (error) {
        failures.push(String((error as Error).cause ?? error));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const workers = Array.from({ length: WORKERS }, work);
  for (const replica of [first, second]) {
    const slow = callSlow(replica);
    await eventually(() => expect(upstream.asked.length).toBeGreaterThan(counts.slow));
    const restarted = replicas.restart(replica);
    await eventually(async () => {
      const { status, json } = await ask(`${replica.url}/health/ready`);
      expect([status, json['reasons']]).toEqual([503, ['draining']]);
    });
    // It is not ready, and serves all the same: a balancer may not have looked yet.
    const late = await mint(replica);
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
    const answer = await slow;
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('at last')]);
    counts.slow++;
    expect(await restarted).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 3 * LOOK_MS));
  }
  isOver = true;
  await Promise.all(workers);
  balancer.stop();
  process.stdout.write(`${counts.mints + counts.calls + counts.slow} calls, ${failures.length} failed\n`);
  expect(failures).toEqual([]);
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(1);
});
