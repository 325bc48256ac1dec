import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { Tally, toMib } from '../report.mjs';
import { setting } from '../settings.mjs';
import { is, Watch } from '../watch.mjs';
import { mayOpen } from '../limits.mjs';

const WANTED = setting('CHAOS_SLOW_CLIENTS', 10_000);
/** A request may take 60 s to arrive, which is looked at every 30 s. */
const CUT_OFF_MS = 110_000;
const PATIENCE_MS = 2000;
const TURNS = 20;
const CONNECT_AT_ONCE = 250;
const STEADY_CALLS = 1000;

const HEADERS = 'Host: HOST\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n';
/** What they begin with, after which one byte comes a second: a line, headers, bodies of every kind of route. */
const BEGINNINGS = [
  'GET /mc',
  'POST /authed/mcp HTTP/1.1\r\nHost: HOST\r\nX-Slow: ',
  `POST /authed/mcp HTTP/1.1\r\n${HEADERS}\r\n`,
  `POST /authed/mcp/oauth/token HTTP/1.1\r\n${HEADERS.replace('application/json', 'application/x-www-form-urlencoded')}\r\n`,
  `POST /api/v1/credentials HTTP/1.1\r\n${HEADERS}\r\n`,
];

export const slowClients = {
  name: 'slow-clients',
  about: `${WANTED} connections that send one byte a second`,
  run: async ({ report, dir, own }) => {
    const count = Math.min(WANTED, mayOpen());
    if (count < WANTED) report.note(`only ${count}: ulimit -n allows no more`);
    const gatehouse = own(await Gatehouse.create(dir, { env: { LOG_LEVEL: 'fatal' } }));
    await gatehouse.start();
    const { client } = gatehouse;
    const token = (await client.mint((await client.admin('POST', '/credentials', { label: 'quick' })).json)).json.access_token;
    for (let i = 0; i < STEADY_CALLS; i++) await client.call(token);
    // The first time fills pools and caches that stay; what is held after it is what must come back after the second.
    await attack({ report, gatehouse, token }, Math.ceil(count / 10));
    const before = await gatehouse.memory();
    await attack({ report, gatehouse, token }, count);
    for (let i = 0; i < STEADY_CALLS; i++) await client.call(token);
    report.memory(before, await gatehouse.memory());
    report.promise('it stops as asked', (await gatehouse.stop()) === 0);
  },
};

async function attack({ report, gatehouse, token }, count) {
  report.note(`— ${count} of them`);
  const clients = [];
  for (let i = 0; i < count; i++) {
    clients.push(new SlowClient(gatehouse.port, BEGINNINGS[i % BEGINNINGS.length]));
    if (i % CONNECT_AT_ONCE === CONNECT_AT_ONCE - 1) await sleep(20);
  }
  const began = performance.now();
  const ticker = tickEvenly(clients);
  const watch = new Watch({ calls: () => gatehouse.client.call(token), health: () => gatehouse.client.get('/health/live') });
  watch.start();
  await sleep(5000);
  const peak = await gatehouse.residentMemory();
  while (clients.some(({ isOpen }) => isOpen) && performance.now() - began < CUT_OFF_MS) await sleep(500);
  const took = performance.now() - began;
  clearInterval(ticker);
  await watch.stop();
  judge(report, { watch, clients, took, peak });
  for (const each of clients) each.leave();
  await sleep(1000);
}

/** Each once a second, a part of them at a time: all at once would keep this process from measuring anything. */
function tickEvenly(clients) {
  let turn = 0;
  return setInterval(() => {
    for (let i = turn % TURNS; i < clients.length; i += TURNS) clients[i].tick();
    turn++;
  }, 1000 / TURNS);
}

function judge(report, { watch, clients, took, peak }) {
  const tally = new Tally();
  for (const { answer } of clients) tally.add(answer);
  report.saw('slow clients', tally.all);
  report.saw('others', watch.tally('calls', 0));
  const times = watch
    .answers('calls', 0)
    .map(({ askedAt, at }) => at - askedAt)
    .sort((a, b) => a - b);
  const [median, p99] = [0.5, 0.99].map((part) => times[Math.floor(times.length * part)]);
  report.note(`resident memory with all of them ${toMib(peak)} MiB`);
  report.promise(
    `others are served (median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms)`,
    [...watch.answers('calls', 0), ...watch.answers('health', 0)].every(is(200)) && p99 < PATIENCE_MS,
  );
  const left = clients.filter(({ isOpen }) => isOpen).length;
  report.promise(`all are cut off (after ${(took / 1000).toFixed(0)} s)`, left === 0, `${left} are left`);
}

class SlowClient {
  answer = 'nothing';
  #socket;

  constructor(port, beginning) {
    const socket = connect({ port, host: '127.0.0.1' });
    this.#socket = socket;
    socket.on('error', ({ code }) => (this.answer = this.answer === 'nothing' ? code : this.answer));
    socket.on('data', (data) => (this.answer = data.toString('latin1', 0, 40).split('\r\n')[0]));
    socket.once('connect', () => socket.write(beginning.replace('HOST', `localhost:${port}`)));
  }

  get isOpen() {
    return !this.#socket.destroyed;
  }

  tick() {
    if (this.#socket.writable && !this.#socket.connecting) this.#socket.write('a');
  }

  leave() {
    this.#socket.destroy();
  }
}
