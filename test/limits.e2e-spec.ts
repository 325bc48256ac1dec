import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, ask, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';
import { closedUrl, type JsonRpc, META, MODERN, result, sendJson, startMcpUpstream, until } from './support/http-upstream.js';

const PERMISSIONS = ['tools/call:*'];
const CALLER = { authorization: '', 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

let gatehouse: TestGatehouse;
let count = 0;
beforeAll(async () => {
  gatehouse = await startTestGatehouse({ env: { TRUST_PROXY: '127.0.0.1' } });
});
afterAll(() => gatehouse.remove());

interface Door {
  readonly slug: string;
  /** A token of another credential for the same server. */
  token(): Promise<string>;
}

async function open(upstreamUrl: string, limits: object, access = 'authenticated'): Promise<Door> {
  const slug = `limited-${++count}`;
  const { status, text } = await gatehouse.admin('/servers', {
    body: {
      slug,
      name: slug,
      access,
      limits,
      upstream: { kind: 'http', url: upstreamUrl, auth: { type: 'none' } },
      scopes: [{ name: `${slug}:all`, permissions: PERMISSIONS, default: true }],
    },
  });
  expect([status, text]).toEqual([201, text]);
  const token = async () => gatehouse.accessToken(await gatehouse.createCredential({ servers: [slug] }));
  return { slug, token };
}

function call(
  path: string,
  { token, name = 'echo', from = '192.0.2.1' }: { token?: string; name?: string; from?: string },
): Promise<Answer> {
  const body: JsonRpc & { jsonrpc: string } = {
    jsonrpc: '2.0',
    id: 'mine',
    method: 'tools/call',
    params: { name, arguments: {}, _meta: META },
  };
  return ask(gatehouse.url + path, {
    method: 'POST',
    headers: {
      ...CALLER,
      authorization: token === undefined ? '' : `Bearer ${token}`,
      'x-forwarded-for': from,
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify(body),
  });
}

/** Refused for a quota, in the dialect of MCP. */
function expectLimited(answer: Answer): void {
  expect(answer).toMatchObject({ status: 429, json: { jsonrpc: '2.0', error: { code: expect.any(Number), message: /^Too many/ } } });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('quotas of a server', () => {
  it('perCredential count what one credential sends, and nobody else', async () => {
    const upstream = await startMcpUpstream();
    try {
      const { slug, token } = await open(upstream.url, { perCredential: 3 });
      const [mine, other] = [await token(), await token()];
      for (let i = 0; i < 3; i++) expect((await call(`/authed/mcp/${slug}`, { token: mine })).status).toBe(200);
      expectLimited(await call(`/authed/mcp/${slug}`, { token: mine }));
      expect((await call(`/authed/mcp/${slug}`, { token: other })).status).toBe(200);
      expect(upstream.asked.filter(({ message }) => message.method === 'tools/call')).toHaveLength(4);
      await gatehouse.flush();
      const { json } = await gatehouse.admin(`/events?kind=call.refused&server=${slug}`);
      expect(json['items']).toEqual([]); // a message that is not read names no operation
    } finally {
      await upstream.close();
    }
  });

  it('perTool count the calls of one tool, and are named in the audit trail', async () => {
    const upstream = await startMcpUpstream({ tools: [{ name: 'echo' }, { name: 'other' }] });
    try {
      const { slug, token } = await open(upstream.url, { perTool: 2 });
      const mine = await token();
      for (let i = 0; i < 2; i++) expect((await call(`/authed/mcp/${slug}`, { token: mine })).status).toBe(200);
      const refused = await call(`/authed/mcp/${slug}`, { token: mine });
      expectLimited(refused);
      expect(refused.json['id']).toBe('mine');
      expect((await call(`/authed/mcp/${slug}`, { token: mine, name: 'other' })).status).toBe(200);
      await gatehouse.flush();
      const { json } = await gatehouse.admin(`/events?kind=call.refused&server=${slug}`);
      expect(json['items']).toMatchObject([{ detail: { target: 'echo', reason: 'too_many_requests' } }]);
    } finally {
      await upstream.close();
    }
  });

  it('perAddress count where there is no token, by the address that a trusted proxy tells', async () => {
    const upstream = await startMcpUpstream();
    try {
      const { slug } = await open(upstream.url, { perAddress: 2 }, 'public');
      for (let i = 0; i < 2; i++) expect((await call(`/mcp/${slug}`, { from: '198.51.100.7' })).status).toBe(200);
      expectLimited(await call(`/mcp/${slug}`, { from: '198.51.100.7' }));
      expect((await call(`/mcp/${slug}`, { from: '198.51.100.8' })).status).toBe(200);
    } finally {
      await upstream.close();
    }
  });

  it('follow a change of the server at once', async () => {
    const upstream = await startMcpUpstream();
    try {
      const { slug, token } = await open(upstream.url, { perCredential: 1 });
      const mine = await token();
      expect((await call(`/authed/mcp/${slug}`, { token: mine })).status).toBe(200);
      expectLimited(await call(`/authed/mcp/${slug}`, { token: mine }));
      await gatehouse.admin(`/servers/${slug}`, { method: 'PATCH', body: { limits: { perCredential: null } } });
      expect((await call(`/authed/mcp/${slug}`, { token: mine })).status).toBe(200);
    } finally {
      await upstream.close();
    }
  });
});

describe('calls and streams at the same time', () => {
  it('are bounded for each credential, and room is given back', async () => {
    const waiting: (() => void)[] = [];
    const upstream = await startMcpUpstream({
      on: {
        echo: (asked, response) => void waiting.push(() => sendJson(response, result(asked, { content: [], resultType: 'complete' }))),
      },
    });
    try {
      const { slug, token } = await open(upstream.url, { concurrentCalls: 2 });
      const [mine, other] = [await token(), await token()];
      const running = [1, 2].map(() => call(`/authed/mcp/${slug}`, { token: mine }));
      await until(() => waiting.length === 2);
      expectLimited(await call(`/authed/mcp/${slug}`, { token: mine }));
      const ofOther = call(`/authed/mcp/${slug}`, { token: other });
      await until(() => waiting.length === 3);
      for (const answer of waiting.splice(0)) answer();
      for (const answer of await Promise.all([...running, ofOther])) expect(answer.status).toBe(200);
      const again = call(`/authed/mcp/${slug}`, { token: mine });
      await until(() => waiting.length === 1);
      waiting[0]!();
      expect((await again).status).toBe(200);
    } finally {
      await upstream.close();
    }
  });

  it('are bounded for streams that stay open, too', async () => {
    const upstream = await startMcpUpstream({ eras: ['legacy'], hasSessions: false });
    try {
      const { slug, token } = await open(upstream.url, { openStreams: 1 });
      const mine = await token();
      const listen = (signal: AbortSignal) =>
        fetch(`${gatehouse.url}/authed/mcp/${slug}`, {
          headers: { authorization: `Bearer ${mine}`, accept: 'text/event-stream', 'mcp-protocol-version': '2025-11-25' },
          signal,
        });
      const first = new AbortController();
      expect((await listen(first.signal)).status).toBe(200);
      const second = await listen(AbortSignal.timeout(10_000));
      expect([second.status, second.headers.get('retry-after')]).toEqual([429, expect.any(String)]);
      first.abort();
      const last = new AbortController();
      await until(async () => {
        const answer = await listen(last.signal);
        if (answer.status !== 200) await answer.text();
        return answer.status === 200;
      });
      last.abort();
    } finally {
      await upstream.close();
    }
  });
});

describe('the breaker of an upstream', () => {
  it('opens after failures in a row, answers at once, says so, and closes when the upstream is back', async () => {
    const { slug, token } = await open(await closedUrl(), {});
    const mine = await token();
    const health = async () => (await gatehouse.admin(`/servers/${slug}`)).json['health'] as Record<string, unknown>;
    await until(async () => {
      expect((await call(`/authed/mcp/${slug}`, { token: mine })).status).toBe(502);
      return (await health())['breaker'] === 'open';
    });
    const refused = await call(`/authed/mcp/${slug}`, { token: mine });
    expect(refused).toMatchObject({
      status: 502,
      json: { id: 'mine', error: { message: 'The upstream is not available at the moment.' } },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await health()).toMatchObject({ status: 'down', breaker: 'open', lastError: expect.any(String) });
    const upstream = await startMcpUpstream();
    try {
      await gatehouse.admin(`/servers/${slug}`, {
        method: 'PATCH',
        body: { upstream: { kind: 'http', url: upstream.url, auth: { type: 'none' } } },
      });
      await until(async () => (await call(`/authed/mcp/${slug}`, { token: mine })).status === 200);
      expect(await health()).toMatchObject({ status: 'up', breaker: 'closed', lastError: null });
    } finally {
      await upstream.close();
    }
  });
});

describe('time', () => {
  it('ends a call with 504 where the upstream says nothing for timeoutSeconds, and the next one works', async () => {
    let isSilent = true;
    const upstream = await startMcpUpstream({
      on: {
        echo: (asked, response) => {
          if (!isSilent) sendJson(response, result(asked, { content: [], resultType: 'complete' }));
        },
      },
    });
    try {
      const { slug, token } = await open(upstream.url, { timeoutSeconds: 1 });
      const mine = await token();
      expect(await call(`/authed/mcp/${slug}`, { token: mine })).toMatchObject({ status: 504, json: { id: 'mine' } });
      isSilent = false;
      expect((await call(`/authed/mcp/${slug}`, { token: mine })).status).toBe(200);
    } finally {
      await upstream.close();
    }
  });
});
