import { setTimeout as sleep } from 'node:timers/promises';
import { MariaDb } from '../databases.mjs';
import { Gatehouse } from '../gatehouse.mjs';
import { setting } from '../settings.mjs';
import { is, isUnavailable, Watch } from '../watch.mjs';

const SHORT_SECONDS = setting('CHAOS_AWAY_SHORT_SECONDS', 5);
const LONG_SECONDS = setting('CHAOS_AWAY_SECONDS', 90);
/** Of the long time away, warm calls go on for two thirds. */
const STALENESS_SECONDS = Math.max(2, Math.round((LONG_SECONDS * 2) / 3));
/** Between two looks at the database, and what an answer may take on a busy machine. */
const SLACK_MS = 2000;
const RECOVERY_MS = 10_000;
/** A statement that hangs is given up after 15 s, one that waits for a connection after 5 s. */
const CLEAR_MS = 22_000;

export const databaseAway = {
  name: 'database-away',
  about: `MariaDB away for ${SHORT_SECONDS} s, for ${LONG_SECONDS} s (STATE_MAX_STALENESS=${STALENESS_SECONDS}), and one that hangs`,
  needs: ['mariadbd', 'mariadb-install-db'],
  run: async ({ report, dir, own }) => {
    const server = own(await MariaDb.create(dir));
    const env = { DATABASE_URL: await server.createDatabase('chaos'), STATE_MAX_STALENESS: String(STALENESS_SECONDS) };
    const gatehouse = own(await Gatehouse.create(dir, { env }));
    await gatehouse.start();
    const scene = { report, gatehouse, server };
    const gone = { leave: () => server.stop('SIGKILL'), comeBack: () => server.start() };
    await away(scene, { ...gone, what: `killed, and back after ${SHORT_SECONDS} s`, seconds: SHORT_SECONDS });
    const stopped = { leave: () => server.stop('SIGTERM'), comeBack: () => server.start() };
    await away(scene, { ...stopped, what: `stopped, and back after ${LONG_SECONDS} s`, seconds: LONG_SECONDS });
    const hung = { leave: () => server.signal('SIGSTOP'), comeBack: () => server.signal('SIGCONT') };
    await away(scene, { ...hung, what: `hangs for ${LONG_SECONDS} s`, seconds: LONG_SECONDS });
    report.promise('it stops as asked', (await gatehouse.stop()) === 0);
  },
};

async function away({ report, gatehouse }, { what, seconds, leave, comeBack }) {
  report.note(`— the database ${what}`);
  const { client } = gatehouse;
  const world = await prepare(client);
  const watch = new Watch(probes(client, world));
  watch.start();
  await sleep(2000);
  const left = performance.now();
  await leave();
  await sleep(left + seconds * 1000 - performance.now());
  const back = performance.now();
  await comeBack();
  await sleep(RECOVERY_MS + 3000);
  await watch.stop();
  const staleAt = left + STALENESS_SECONDS * 1000;
  judgeCalls(report, watch, { left, staleAt, back });
  judgeWrites(report, watch, { left, back });
  await judgeAfter(report, gatehouse, { watch, world, back });
}

/** One client in memory, one that is not, and a token to revoke. */
async function prepare(client) {
  const create = async (label) => (await client.admin('POST', '/credentials', { label })).json;
  const warm = await create('warm');
  const colds = await Promise.all(Array.from({ length: 40 }, (_, i) => create(`cold ${i}`)));
  // A change that is told late makes it be read again; then it stays.
  await sleep(1500);
  const token = (await client.mint(warm)).json.access_token;
  return { warm, colds, token, jtis: [], acknowledged: [], labels: 0 };
}

function probes(client, world) {
  const { warm, colds, token } = world;
  return {
    'warm calls': () => client.call(token),
    'warm tokens': async () => {
      const answer = await client.mint(warm);
      if (answer.status === 200) world.jtis.push(JSON.parse(Buffer.from(answer.json.access_token.split('.')[1], 'base64url')).jti);
      return answer;
    },
    'cold tokens': () => client.mint(colds.length > 1 ? colds.pop() : colds[0]),
    'admin writes': async () => {
      const label = `written ${++world.labels} ${warm.id}`;
      const answer = await client.admin('POST', '/credentials', { label });
      if (answer.status === 201) world.acknowledged.push(label);
      return answer;
    },
    ready: () => client.get('/health/ready'),
    live: () => client.get('/health/live'),
  };
}

function judgeCalls(report, watch, { left, staleAt, back }) {
  const warm = ['warm calls', 'warm tokens'];
  for (const name of [...warm, 'cold tokens', 'ready']) report.saw(`${name} while it was away`, watch.tally(name, left, back));
  const fresh = Math.min(staleAt - SLACK_MS, back);
  const served = warm.flatMap((name) => watch.answers(name, left, fresh));
  report.promise(
    'warm calls and tokens go on',
    served.length > 0 && served.every(is(200)),
    JSON.stringify(served.find((each) => !is(200)(each))),
  );
  const stale = warm.flatMap((name) => watch.answers(name, staleAt + SLACK_MS, back));
  if (back > staleAt + 2 * SLACK_MS) {
    report.promise('after STATE_MAX_STALENESS they get 503 with Retry-After', stale.length > 0 && stale.every(isUnavailable));
  }
  report.promise('health says that it lives', watch.answers('live', left, back).every(is(200)));
  const unready = watch.answers('ready', left + 2000 + SLACK_MS, back);
  report.promise(
    'health says that the database is away',
    unready.every(({ answer }) => answer.json.reasons?.includes('database')),
  );
}

function judgeWrites(report, watch, { left, back }) {
  for (const name of ['admin writes', 'cold tokens']) {
    const answers = watch.answers(name, left + 500).filter(({ askedAt }) => askedAt < back - SLACK_MS);
    if (name === 'admin writes') report.saw(name, watch.tally(name, left, back));
    const slowest = Math.max(0, ...answers.map(({ askedAt, at }) => at - askedAt));
    // Who still waits as it comes back may be lucky.
    const clear = answers.length > 0 && answers.filter(({ at }) => at < back).every(isUnavailable);
    report.promise(`${name} fail clearly, with 503 and Retry-After`, clear, JSON.stringify(answers.find((each) => !isUnavailable(each))));
    report.promise(`${name} are not kept waiting (${slowest.toFixed(0)} ms at most)`, slowest < CLEAR_MS);
  }
}

async function judgeAfter(report, { client }, { watch, world, back }) {
  const wellAfter = watch.wellAfter(back, ({ status }) => status === 200 || status === 201);
  report.promise(`it recovers by itself (${wellAfter.toFixed(0)} ms after it came back)`, wellAfter < RECOVERY_MS);
  await sleep(1500);
  const events = await client.events(`credential=${world.warm.id}&kind=token.issued`);
  const known = new Set(events.map(({ detail }) => detail.jti));
  const missing = world.jtis.filter((jti) => !known.has(jti)).length;
  report.promise(`events of use arrive (${world.jtis.length} tokens)`, missing === 0, `${missing} are missing`);
  const labels = new Set(await client.labels(world.warm.id));
  const lost = world.acknowledged.filter((label) => !labels.has(label)).length;
  report.promise(`no acknowledged write is lost (${world.acknowledged.length})`, lost === 0, `${lost} of ${world.acknowledged.length}`);
}
