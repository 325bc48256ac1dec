import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { nameOf, Tally, toMib } from '../report.mjs';
import { readSome } from '../streams.mjs';
import { FAULT_NAMES, Upstream } from '../upstream.mjs';
import { is, Watch } from '../watch.mjs';

const AT_ONCE = 20;
const OPENING = ['hang', 'reset', 'not_http'];
const TIMEOUT_SECONDS = 2;
const LATEST_MS = (TIMEOUT_SECONDS + 3) * 1000;
const READ_BYTES = 8 * 1024 * 1024;
const RECOVERY_MS = 40_000;
/** Twenty floods at once, each with what is held of it on its way. */
const ROOM_BYTES = 200 * 1024 * 1024;

export const faultyUpstream = {
  name: 'upstream',
  about: 'an upstream that hangs, resets, sends what is none, and floods',
  run: async ({ report, dir, own }) => {
    const [bad, good] = [own(await Upstream.create()), own(await Upstream.create())];
    const gatehouse = own(await Gatehouse.create(dir, { env: { LOG_LEVEL: 'fatal' } }));
    await gatehouse.start();
    const token = await prepare(gatehouse, { bad, good });
    await warmUp(gatehouse, token);
    const before = await gatehouse.memory();
    const watch = new Watch(
      { calls: () => gatehouse.client.call(token.good, { server: 'good', method: 'tools/call', params: { name: 'ok' } }) },
      50,
    );
    watch.start();
    let peak = 0;
    const sampler = setInterval(async () => (peak = Math.max(peak, (await gatehouse.residentMemory()) ?? 0)), 100);
    for (const name of FAULT_NAMES) await fault({ report, gatehouse, token: token.bad }, name);
    await endlessList({ report, gatehouse, bad, token });
    await recovers({ report, gatehouse, token: token.bad });
    clearInterval(sampler);
    await watch.stop();
    judgeOthers(report, watch);
    report.promise(`resident memory stays bounded (${toMib(peak)} MiB at most)`, peak < before.rss + ROOM_BYTES);
    await sleep(3000);
    report.promise('no request to the upstream is left open', bad.open.size === 0, `${bad.open.size}`);
    report.memory(before, await gatehouse.memory());
    report.promise('nothing was thrown that nobody caught', (await gatehouse.unhandledRejections()) === 0);
    report.promise('it stops as asked', (await gatehouse.stop()) === 0);
  },
};

async function prepare({ client }, upstreams) {
  const token = {};
  for (const [slug, { url }] of Object.entries(upstreams)) {
    const scopes = [
      { name: `${slug}:call`, permissions: ['tools/call:*'], default: true },
      { name: `${slug}:few`, permissions: ['tools/call:ok'] },
    ];
    const upstream = { kind: 'http', url };
    await client.admin('POST', '/servers', { slug, name: slug, upstream, scopes, limits: { timeoutSeconds: TIMEOUT_SECONDS } });
    const credential = (
      await client.admin('POST', '/credentials', { label: slug, servers: [slug], scopes: scopes.map(({ name }) => name) })
    ).json;
    token[slug] = (await client.mint(credential)).json.access_token;
    if (slug === 'bad') token.few = (await client.mint(credential, { scope: 'bad:few' })).json.access_token;
  }
  return token;
}

/** Code is compiled and buffers are made before the first look at memory. */
async function warmUp({ port, client }, token) {
  for (let i = 0; i < 300; i++) await client.call(token.good, { server: 'good', method: 'tools/call', params: { name: 'ok' } });
  for (const name of ['endless_stream', 'endless_json']) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => readSome(port, token.bad, { server: 'bad', name, bytes: READ_BYTES })));
  }
}

async function fault({ report, gatehouse, token }, name) {
  await closed(gatehouse, token);
  // Half of them read nothing for a while. Not where the breaker is looked at: it tries again after a second.
  const pauseMs = OPENING.includes(name) ? 0 : 1000;
  const read = (i) => readSome(gatehouse.port, token, { server: 'bad', name, bytes: READ_BYTES, pauseMs: i % 2 === 0 ? pauseMs : 0 });
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => read(i)));
  const tally = new Tally();
  for (const answer of answers) tally.add(describe(answer));
  report.saw(`clients of ${name}`, tally.all);
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  const isClear = answers.every((answer) =>
    answer.status === 200 ? isBounded(answer) : [502, 504].includes(answer.status) && answer.json.jsonrpc === '2.0',
  );
  report.promise(
    `${name}: an answer in MCP's words, or one that the client left (${slowest.toFixed(0)} ms)`,
    isClear && slowest < LATEST_MS + 5000,
  );
  if (OPENING.includes(name)) await opensBreaker({ report, gatehouse, token }, name);
}

const describe = (answer) =>
  answer.status === 200 ? `200 ${answer.end}${answer.head.includes('"error"') ? ' with an error' : ''}` : nameOf(answer);

/** Left by the client, or ended by the gateway with an error or a break. */
const isBounded = ({ end, head, size }) =>
  end === 'left' || end === 'broken off' || (end === 'ended' && (head.includes('"error"') || size > 0));

async function opensBreaker({ report, gatehouse, token }, name) {
  const answer = await readSome(gatehouse.port, token, { server: 'bad', name: 'ok', bytes: READ_BYTES });
  const isOpen = answer.status === 502 && answer.headers['retry-after'] !== undefined && answer.ms < 1000;
  report.promise(`${name}: the breaker opens, and refuses at once with Retry-After (${answer.ms.toFixed(0)} ms)`, isOpen, nameOf(answer));
}

/** Waits until the breaker lets calls through, which the good tool tries. */
async function closed({ client, port }, token) {
  for (const end = performance.now() + RECOVERY_MS; performance.now() < end; await sleep(200)) {
    const { json } = await client.admin('GET', '/servers/bad');
    if (json.health.breaker === 'closed') return true;
    await readSome(port, token, { server: 'bad', name: 'ok', bytes: READ_BYTES });
  }
  return false;
}

async function endlessList({ report, gatehouse, bad, token }) {
  bad.isListEndless = true;
  const list = () => readSome(gatehouse.port, token.few, { server: 'bad', method: 'tools/list', bytes: READ_BYTES });
  const answers = await Promise.all(Array.from({ length: 4 }, list));
  bad.isListEndless = false;
  const tally = new Tally();
  for (const answer of answers) tally.add(describe(answer));
  report.saw('clients of a list without end', tally.all);
  report.promise(
    'a list that cannot be filtered is not shown',
    answers.every(({ status, size }) => status === 502 || size === 0),
  );
}

async function recovers({ report, gatehouse, token }) {
  const began = performance.now();
  let answer;
  do answer = await readSome(gatehouse.port, token, { server: 'bad', name: 'ok', bytes: READ_BYTES });
  while (answer.status !== 200 && performance.now() - began < RECOVERY_MS && (await sleep(200, true)));
  report.promise(`it recovers by itself (${(performance.now() - began).toFixed(0)} ms)`, answer.status === 200, nameOf(answer));
}

function judgeOthers(report, watch) {
  const answers = watch.answers('calls', 0);
  const times = answers.map(({ askedAt, at }) => at - askedAt).sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)];
  report.saw('clients of another server', watch.tally('calls', 0));
  report.promise(`other servers go on (p99 ${p99.toFixed(0)} ms)`, answers.every(is(200)) && p99 < 2000);
}
