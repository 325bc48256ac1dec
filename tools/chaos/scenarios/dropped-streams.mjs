import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { Tally } from '../report.mjs';
import { setting } from '../settings.mjs';
import { readSome } from '../streams.mjs';
import { Upstream } from '../upstream.mjs';

const STREAMS = setting('CHAOS_STREAMS', 10_000);
const AT_ONCE = 100;
const GONE_MS = 10_000;

export const droppedStreams = {
  name: 'dropped-streams',
  about: `${STREAMS} streams that are opened and dropped`,
  run: async ({ report, dir, own }) => {
    const upstream = own(await Upstream.create());
    const gatehouse = own(await Gatehouse.create(dir, { env: { LOG_LEVEL: 'fatal' } }));
    await gatehouse.start();
    const tokens = await prepare(gatehouse, upstream);
    // A tenth of them first: code is compiled, pools and caches are filled, and stay.
    await drop(gatehouse, tokens, Math.ceil(STREAMS / 10));
    await gone(gatehouse, upstream);
    const before = await gatehouse.memory();
    const began = performance.now();
    const tally = await drop(gatehouse, tokens, STREAMS);
    report.saw('clients', tally.all);
    report.note(`${STREAMS} streams in ${((performance.now() - began) / 1000).toFixed(0)} s, ${AT_ONCE} at a time`);
    report.promise('each stream was opened', tally.of('200 left') === STREAMS);
    const { ms, open, streams } = await gone(gatehouse, upstream);
    report.promise(`no stream of the upstream is left (${ms.toFixed(0)} ms later)`, open === 0, `${open}`);
    report.promise('no stream of a client is counted any more', streams === 0, `${streams}`);
    report.memory(before, await gatehouse.memory());
    report.promise('nothing was thrown that nobody caught', (await gatehouse.unhandledRejections()) === 0);
    report.promise('it stops as asked', (await gatehouse.stop()) === 0);
  },
};

async function prepare({ client }, upstream) {
  const scopes = [{ name: 'up:all', permissions: ['*'], default: true }];
  await client.admin('POST', '/servers', { slug: 'up', name: 'Up', upstream: { kind: 'http', url: upstream.url }, scopes });
  const mint = async (body) =>
    (await client.mint((await client.admin('POST', '/credentials', { label: 'streams', ...body })).json)).json.access_token;
  return { up: await mint({ servers: ['up'] }), docs: await mint({}) };
}

/** In turn a call whose upstream goes on with a stream, one that floods, and changes that are listened to. */
const KINDS = [
  { token: 'up', server: 'up', name: 'silent_stream', bytes: 1 },
  { token: 'up', server: 'up', name: 'endless_stream', bytes: 64 * 1024 },
  { token: 'docs', method: 'subscriptions/listen', params: { notifications: {} }, bytes: 1 },
];

async function drop({ port }, tokens, count) {
  const tally = new Tally();
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      const { token, ...kind } = KINDS[begun++ % KINDS.length];
      const { status, end, code } = await readSome(port, tokens[token], kind);
      tally.add(`${status} ${code ?? end}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return tally;
}

/** Waits until nothing is open any more. */
async function gone({ client }, upstream) {
  const began = performance.now();
  for (;;) {
    const streams = await client.metric('gatehouse_open_streams', 'kind="mcp"');
    const ms = performance.now() - began;
    if ((streams === 0 && upstream.open.size === 0) || ms > GONE_MS) return { ms, open: upstream.open.size, streams };
    await sleep(50);
  }
}
