import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { setting } from '../settings.mjs';
import { readSome } from '../streams.mjs';
import { is, Watch } from '../watch.mjs';
import { Upstream } from '../upstream.mjs';

const LIMIT = setting('CHAOS_DESCRIPTORS', 1024);
const STEADY_CALLS = 500;
const EXHAUSTED_MS = 8000;
const RECOVERY_MS = 8000;

export const descriptors = {
  name: 'descriptors',
  about: `a process that may open ${LIMIT} files, and more connections than that`,
  needs: ['sh'],
  run: async ({ report, dir, own }) => {
    const upstream = own(await Upstream.create());
    const command = (line) => ['sh', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh', ...line];
    const gatehouse = own(await Gatehouse.create(dir, { command }));
    await gatehouse.start();
    const world = await prepare(gatehouse, upstream);
    await steady(gatehouse, world);
    const before = await gatehouse.memory();
    const { watch, taken, freed, files } = await exhaust(gatehouse, world);
    report.note(`${files} files open`);
    report.promise('it has no descriptor left', files >= LIMIT - 2, `${files} of ${LIMIT}`);
    report.saw('clients with a new connection', watch.tally('new clients', taken, freed));
    report.saw('clients with a connection, while there was none for others', watch.tally('calls', taken, freed));
    report.saw('the upstream server’s clients', watch.tally('upstream', taken, freed));
    report.saw('admins', watch.tally('writes', taken, freed));
    const calls = watch.answers('calls', taken, freed);
    // They keep the connections that they have; who needs a new one is not served.
    report.promise(
      'who is connected goes on',
      calls.filter(is(200)).length > calls.length / 2,
      JSON.stringify(watch.tally('calls', taken, freed)),
    );
    const answers = ['new clients', 'calls', 'upstream', 'writes'].flatMap((name) => watch.answers(name, taken, freed));
    report.promise(
      'no answer but a clear one',
      answers.every(is(0, 200, 201, 502, 503)),
      JSON.stringify(answers.find((each) => !is(0, 200, 201, 502, 503)(each))),
    );
    report.promise('the process lives', gatehouse.isRunning, gatehouse.log.slice(-1000));
    const wellAfter = watch.wellAfter(freed, ({ status }) => status === 200 || status === 201);
    report.promise(`it recovers by itself (${wellAfter.toFixed(0)} ms)`, wellAfter < RECOVERY_MS);
    await judgeStored(report, gatehouse, world);
    await steady(gatehouse, world);
    report.memory(before, await gatehouse.memory());
    report.promise('nothing was thrown that nobody caught', (await gatehouse.unhandledRejections()) === 0);
    report.promise('it stops as asked', (await gatehouse.stop()) === 0);
  },
};

async function prepare({ client }, upstream) {
  const scopes = [{ name: 'up:all', permissions: ['*'], default: true }];
  await client.admin('POST', '/servers', { slug: 'up', name: 'Up', upstream: { kind: 'http', url: upstream.url }, scopes });
  const [docs, up] = [
    (await client.admin('POST', '/credentials', { label: 'docs' })).json,
    (await client.admin('POST', '/credentials', { label: 'up', servers: ['up'] })).json,
  ];
  const tokens = { docs: (await client.mint(docs)).json.access_token, up: (await client.mint(up)).json.access_token };
  return { tokens, written: [] };
}

/** Caches are as full before as after. */
async function steady({ client }, { tokens }) {
  for (let i = 0; i < STEADY_CALLS; i++) {
    await client.call(tokens.docs);
    await client.call(tokens.up, { server: 'up', method: 'tools/call', params: { name: 'ok' } });
    if (i % 10 === 0) await client.admin('POST', '/credentials', { label: 'steady' });
  }
}

async function exhaust(gatehouse, { tokens, written }) {
  const { client, port } = gatehouse;
  const watch = new Watch({
    'new clients': () => readSome(port, tokens.docs, { method: 'tools/list', bytes: 1_000_000, timeoutMs: 3000 }),
    calls: () => client.call(tokens.docs, { timeoutMs: 3000 }),
    upstream: () => client.call(tokens.up, { server: 'up', method: 'tools/call', params: { name: 'ok' }, timeoutMs: 3000 }),
    writes: async () => {
      const label = `written ${written.length} ${performance.now()}`;
      const answer = await client.admin('POST', '/credentials', { label });
      if (answer.status === 201) written.push(label);
      return answer;
    },
  });
  watch.start();
  await sleep(1000);
  const sockets = Array.from({ length: 2 * LIMIT }, () => idle(port));
  await sleep(1000);
  const taken = performance.now();
  const files = readdirSync(`/proc/${gatehouse.pid}/fd`).length;
  await sleep(EXHAUSTED_MS);
  const freed = performance.now();
  await Promise.all(sockets.map(leave));
  await sleep(RECOVERY_MS);
  await watch.stop();
  return { watch, taken, freed, files };
}

/** A connection that says nothing. */
function idle(port) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

async function leave(socket) {
  if (socket.destroyed) return;
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
}

async function judgeStored(report, { client }, { written }) {
  const labels = new Set(await client.labels('written'));
  const lost = written.filter((label) => !labels.has(label)).length;
  report.promise(`no acknowledged write is lost (${written.length})`, lost === 0, `${lost} of ${written.length}`);
}
