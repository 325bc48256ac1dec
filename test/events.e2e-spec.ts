import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { AuditEvent } from '../src/audit/event.entity.js';
import { firstIdAt } from '../src/common/ids.js';
import { TestBrowser } from './support/browser.js';
import { eventually } from './support/eventually.js';
import { ask, basic, PASSWORD, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const DAY = 86_400_000;
const HEADERS = { authorization: basic('admin', PASSWORD) };

interface Message {
  readonly event?: string;
  readonly id?: string;
  readonly data?: Record<string, unknown>;
}

/** A stream that is being read, message by message. */
interface Reader {
  readonly response: Response;
  readonly messages: Message[];
  text: string;
  isOver: boolean;
  close(): void;
}

async function follow(url: string, headers: Record<string, string> = HEADERS): Promise<Reader> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  const reader: Reader = { response, messages: [], text: '', isOver: false, close: () => abort.abort() };
  void read(reader).catch(() => (reader.isOver = true));
  return reader;
}

async function read(reader: Reader): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of reader.response.body as unknown as AsyncIterable<Uint8Array>) {
    const text = decoder.decode(chunk, { stream: true });
    reader.text += text;
    rest += text;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) reader.messages.push(parse(block));
  }
  reader.isOver = true;
}

function parse(block: string): Message {
  const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const));
  const data = fields.get('data');
  return {
    ...(fields.has('event') ? { event: fields.get('event') ?? '' } : {}),
    ...(fields.has('id') ? { id: fields.get('id') ?? '' } : {}),
    ...(data === undefined ? {} : { data: JSON.parse(data) as Record<string, unknown> }),
  };
}

let gatehouse: TestGatehouse;
beforeAll(async () => {
  gatehouse = await startTestGatehouse();
});
afterAll(() => gatehouse.remove());
const stream = (query = ''): string => `${gatehouse.url}/api/v1/events/stream${query}`;
const kinds = ({ messages }: Reader): unknown[] => messages.filter(({ event }) => event === 'audit').map(({ data }) => data?.['kind']);
const started = (reader: Reader) => eventually(() => Promise.resolve(expect(reader.text).toContain(': following')));
const endOf = (reader: Reader) =>
  eventually(() => Promise.resolve(expect([reader.messages.at(-1)?.event, reader.isOver]).toEqual(['end', true])));

describe('what a secret touched', () => {
  it('is its making, the tokens issued for it, the calls with them, and its end, and nothing of another secret', async () => {
    const credential = await gatehouse.createCredential({ servers: ['docs'] });
    const [first] = credential.secrets;
    const rotated = (await gatehouse.admin(`/credentials/${credential.id}/rotate`, { body: { overlapSeconds: 3600 } })).json;
    const second = (rotated['secrets'] as { id: string }[]).find(({ id }) => id !== first!.id)!;
    const call = async (clientSecret: string) => {
      const token = await gatehouse.accessToken({ clientId: credential.clientId, clientSecret });
      const answer = await ask(`${gatehouse.url}/authed/mcp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'search_docs', arguments: { query: 'install' } },
        }),
      });
      return answer.status;
    };
    await call(credential.clientSecret);
    await call(rotated['clientSecret'] as string);
    await gatehouse.flush();
    const touched = async (secret: string): Promise<string[]> => {
      const { json } = await gatehouse.admin(`/events?credential=${credential.id}&secret=${secret}&from=2020-01-01`);
      return (json['items'] as { kind: string }[]).map(({ kind }) => kind).reverse();
    };
    const all = (await gatehouse.admin(`/events?credential=${credential.id}`)).json['items'] as { kind: string }[];
    const calls = all.filter(({ kind }) => kind.startsWith('call')).length;
    expect(calls).toBeGreaterThan(0);
    expect(await touched(second.id)).toEqual(expect.arrayContaining(['credential.rotated', 'token.issued']));
    const [ofFirst, ofSecond] = [await touched(first!.id), await touched(second.id)];
    expect([...ofFirst, ...ofSecond].filter((kind) => kind.startsWith('call'))).toHaveLength(calls);
    expect([ofFirst, ofSecond].map((kinds) => kinds.filter((kind) => kind === 'token.issued').length)).toEqual([1, 1]);
  });

  it.each([
    ['secret=01KAX2V7Q5J8Z3W6H0F9K2P4SA', 'credential'],
    ['credential=c1&secret=mcs_not-an-id', 'secret'],
  ])('is asked for by credential and id: %s', async (query, field) => {
    const answer = await gatehouse.admin(`/events?${query}`);
    expect(answer).toMatchObject({ status: 400, json: { code: 'validation_failed', errors: [{ field }] } });
    expect(answer.text).not.toContain('not-an-id');
  });
});

describe('following the audit trail', () => {
  it('tells what happens as it happens, use and admin acts alike', async () => {
    const reader = await follow(stream());
    await started(reader);
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.response.headers.get('cache-control')).toBe('no-store');
    expect(reader.response.headers.get('x-accel-buffering')).toBe('no');
    // The stream has looked once: what is there is no news.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const credential = await gatehouse.createCredential();
    await gatehouse.token(credential);
    await eventually(() => Promise.resolve(expect(kinds(reader)).toEqual(['credential.created', 'token.issued'])));
    const { id, data } = reader.messages.find(({ event }) => event === 'audit')!;
    const found = (await gatehouse.admin(`/events?credential=${credential.id}&kind=credential.created`)).json['items'] as { id: string }[];
    expect([id, data]).toEqual([found[0]?.id, found[0]]);
    reader.close();
  });

  it('filters, and goes on where a lost connection was', async () => {
    const [one, other] = [await gatehouse.createCredential(), await gatehouse.createCredential()];
    const query = `?credential=${one.clientId}&kind=token.*&server=docs`;
    const reader = await follow(stream(query));
    await started(reader);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await gatehouse.token(other);
    await gatehouse.token(one);
    await eventually(() => Promise.resolve(expect(kinds(reader)).toEqual(['token.issued'])));
    reader.close();
    await gatehouse.token(one);
    const again = await follow(stream(query), { ...HEADERS, 'last-event-id': reader.messages.find(({ id }) => id)!.id! });
    await eventually(() => Promise.resolve(expect(kinds(again)).toEqual(['token.issued'])));
    expect(again.messages.find(({ id }) => id)!.id).not.toBe(reader.messages.find(({ id }) => id)!.id);
    again.close();
  });

  it('ends with the session', async () => {
    const browser = new TestBrowser();
    const session = `${gatehouse.url}/api/v1/session`;
    await browser.ask(session, { body: { username: 'admin', password: PASSWORD } });
    const reader = await follow(stream(), { cookie: browser.cookieHeader(session), 'sec-fetch-site': 'same-origin' });
    await started(reader);
    await browser.ask(session, { method: 'DELETE' });
    await endOf(reader);
    expect(reader.messages.at(-1)?.data).toEqual({ reason: 'session' });
  });

  it('ends with the key, or the admin, behind a header', async () => {
    const { json } = await gatehouse.admin('/admin-keys', { body: { label: 'tail', role: 'viewer' } });
    const byKey = await follow(stream(), { authorization: `Bearer ${json['secret'] as string}` });
    const viewer = (await gatehouse.admin('/admins', { body: { username: 'watcher', role: 'viewer', password: PASSWORD } })).json;
    const byName = await follow(stream(), { authorization: basic('watcher', PASSWORD) });
    await started(byKey);
    await started(byName);
    await gatehouse.admin(`/admin-keys/${json['id'] as string}`, { method: 'DELETE' });
    await gatehouse.admin(`/admins/${viewer['id'] as string}/disable`, { method: 'POST' });
    await endOf(byKey);
    await endOf(byName);
  });

  it('is for admins of our own pages only', async () => {
    expect((await ask(stream())).status).toBe(401);
    const browser = new TestBrowser();
    await browser.ask(`${gatehouse.url}/api/v1/session`, { body: { username: 'admin', password: PASSWORD } });
    expect((await browser.ask(stream(), { headers: { 'sec-fetch-site': 'same-site' } })).status).toBe(403);
    expect((await ask(stream('?kind=DROP'), { headers: HEADERS })).status).toBe(400);
    expect((await ask(stream('?from=2026-01-01'), { headers: HEADERS })).status).toBe(400);
  });

  it('answers HEAD at once', async () => {
    const answer = await ask(stream(), { method: 'HEAD', headers: HEADERS });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });

  it('has room for ten streams of one admin, and for others after them', async () => {
    const readers: Reader[] = [];
    for (let i = 0; i < 10; i++) readers.push(await follow(stream()));
    const refused = await ask(stream(), { headers: HEADERS });
    expect(refused).toMatchObject({ status: 429, json: { code: 'too_many_requests' } });
    expect(refused.headers.get('retry-after')).toBe('10');
    readers[0]!.close();
    await eventually(async () => {
      const next = await follow(stream());
      readers.push(next);
      expect(next.response.status).toBe(200);
    });
    for (const reader of readers) reader.close();
  });

  it('ends in order at a shutdown', async () => {
    const own = await startTestGatehouse();
    const reader = await follow(`${own.url}/api/v1/events/stream`);
    await started(reader);
    const startedAt = performance.now();
    await own.remove();
    await endOf(reader);
    expect(reader.messages.at(-1)?.data).toEqual({ reason: 'shutdown' });
    expect(performance.now() - startedAt).toBeLessThan(4500);
  });
});

describe('a large audit trail', () => {
  const ROWS = 3000;
  /** So large that the buffers of a connection do not take all of them. */
  const FILLER = 'x'.repeat(8000);
  beforeAll(async () => {
    const events = gatehouse.app.get(DataSource).getRepository(AuditEvent);
    const start = Date.now() - 10 * DAY;
    const rows = Array.from({ length: ROWS }, (_, i) => ({
      id: firstIdAt(start + i * 1000),
      at: start + i * 1000,
      kind: i % 2 === 0 ? 'call' : 'token.issued',
      credentialId: null,
      clientId: null,
      server: i % 3 === 0 ? 'wiki' : 'docs',
      actor: null,
      address: '192.0.2.1',
      detail: JSON.stringify({ number: i, filler: FILLER }),
    }));
    for (let at = 0; at < ROWS; at += 500) await events.insert(rows.slice(at, at + 500));
  });

  const exportOf = (query: string) =>
    ask(`${gatehouse.url}/api/v1/events${query}`, { headers: { ...HEADERS, accept: 'application/x-ndjson' } });

  it('streams out whole, filtered, newest first', async () => {
    const answer = await exportOf('?server=wiki&kind=call');
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { detail: { number: number } });
    expect(lines).toHaveLength(ROWS / 6);
    const numbers = lines.map(({ detail }) => detail.number);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
  });

  it('gives a stretch of time to the millisecond', async () => {
    const start = Date.now() - 11 * DAY;
    const all = (await exportOf(`?from=${new Date(start).toISOString()}&to=${new Date(Date.now() - 5 * DAY).toISOString()}`)).text
      .trimEnd()
      .split('\n');
    expect(all).toHaveLength(ROWS);
    const { at } = JSON.parse(all[1000]!) as { at: string };
    const to = (await exportOf(`?to=${at}`)).text.trimEnd().split('\n');
    const from = (await exportOf(`?from=${at}&to=${new Date(Date.now() - 5 * DAY).toISOString()}`)).text.trimEnd().split('\n');
    expect([to.length, from.length]).toEqual([ROWS - 1001, 1001]);
  });

  it('is not read to its end for a reader who leaves', async () => {
    const abort = new AbortController();
    let reads = 0;
    const logQuery = (sql: string): void => {
      if (/^select/i.test(sql) && sql.includes('events')) reads++;
    };
    gatehouse.app.get(DataSource).setOptions({ logging: ['query'], logger: { logQuery } as never });
    try {
      const response = await fetch(`${gatehouse.url}/api/v1/events`, {
        headers: { ...HEADERS, accept: 'application/x-ndjson' },
        signal: abort.signal,
      });
      await (response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().next();
      abort.abort();
      // What was under way and what the socket's buffers take may still be read; then no more is.
      let before = -1;
      while (before !== reads) {
        before = reads;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      expect(reads).toBeLessThan(ROWS / 500);
    } finally {
      gatehouse.app.get(DataSource).setOptions({ logging: false });
    }
  });

  it.each([
    ['server', 'events_by_server'],
    ['actor', 'events_by_actor'],
    ['clientId', 'events_by_client'],
    ['credentialId', 'events_by_credential'],
    ['kind', 'events_by_kind'],
  ])('is looked up by %s through an index', async (column, index) => {
    const dataSource = gatehouse.app.get(DataSource);
    const isSqlite = dataSource.options.type === 'better-sqlite3';
    const select = `SELECT * FROM events WHERE ${column} = 'rare' ORDER BY id DESC LIMIT 51`;
    const plan = JSON.stringify(await dataSource.query(isSqlite ? `EXPLAIN QUERY PLAN ${select}` : `EXPLAIN ${select}`));
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/TEMP B-TREE|filesort/i);
  });
});
