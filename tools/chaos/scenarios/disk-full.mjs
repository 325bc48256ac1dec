import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { is, isUnavailable, Watch } from '../watch.mjs';

const DISK = '24m';
const FULL_MS = 8000;
const RECOVERY_MS = 5000;

export const diskFull = {
  name: 'disk-full',
  about: `DATA_DIR on a tmpfs of ${DISK} that fills up`,
  needs: ['mount', 'umount'],
  run: async (scene) => {
    const disk = mount(join(scene.dir, 'disk'));
    if (!disk) return scene.report.skip('a tmpfs cannot be mounted (it takes root)');
    scene.own(disk);
    await whileRunning(scene, disk);
    await firstStart(scene, disk);
  },
};

/** A small disk that can be filled to the last byte; undefined where that is not allowed. */
function mount(dir) {
  mkdirSync(dir);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const ballast = join(dir, 'ballast');
  return {
    dir,
    fill: () => {
      const file = openSync(ballast, 'a');
      try {
        for (const bytes of [65_536, 4096, 1]) writeUntilFull(file, Buffer.alloc(bytes));
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    stop: async () => execFileSync('umount', ['-l', dir]),
  };
}

function writeUntilFull(file, piece) {
  try {
    for (;;) writeSync(file, piece);
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  }
}

async function whileRunning({ report, dir, own }, disk) {
  const gatehouse = own(await Gatehouse.create(dir, { env: { DATA_DIR: join(disk.dir, 'data') } }));
  await gatehouse.start();
  const { client } = gatehouse;
  const warm = (await client.admin('POST', '/credentials', { label: 'warm' })).json;
  await sleep(1000);
  const token = (await client.mint(warm)).json.access_token;
  const written = [];
  const jtis = [];
  const watch = new Watch({
    calls: () => client.call(token),
    tokens: async () => {
      const answer = await client.mint(warm);
      if (answer.status === 200) jtis.push(JSON.parse(Buffer.from(answer.json.access_token.split('.')[1], 'base64url')).jti);
      return answer;
    },
    writes: async () => {
      const label = `written ${written.length} ${performance.now()}`;
      const answer = await client.admin('POST', '/credentials', { label });
      if (answer.status === 201) written.push(label);
      return answer;
    },
    reads: () => client.admin('GET', '/credentials'),
    health: () => client.get('/health/ready'),
  });
  watch.start();
  await sleep(1000);
  disk.fill();
  const keepFull = setInterval(() => disk.fill(), 50);
  await untilFull(client);
  const full = performance.now();
  await sleep(FULL_MS);
  const room = performance.now();
  clearInterval(keepFull);
  judgeFull(report, watch, { full, room });
  disk.makeRoom();
  await sleep(RECOVERY_MS);
  await watch.stop();
  const wellAfter = watch.wellAfter(room, ({ status }) => status === 200 || status === 201);
  report.promise(`it recovers by itself when there is room (${wellAfter.toFixed(0)} ms)`, wellAfter < RECOVERY_MS - 1000);
  report.promise(
    'health says so',
    watch.answers('health', room + 2000).every(({ answer }) => answer.json.writes === 'up'),
  );
  // What was noted last is written within a second.
  await sleep(2000);
  await judgeStored(report, gatehouse, { written, jtis, warm });
  await restarts(report, gatehouse, disk);
}

/** The log of SQLite is written over and over, and has room for some: writes until it has none. */
async function untilFull(client) {
  let isFull = false;
  const writer = async () => {
    while (!isFull) isFull = (await client.admin('POST', '/credentials', { label: 'filler' })).status === 503;
  };
  await Promise.all([writer(), writer(), writer(), writer()]);
}

function judgeFull(report, watch, { full, room }) {
  for (const name of ['calls', 'tokens', 'writes', 'reads']) report.saw(`${name} while it was full`, watch.tally(name, full, room));
  const uses = ['calls', 'tokens', 'reads'].flatMap((name) => watch.answers(name, full, room));
  report.promise('calls, tokens and reads go on', uses.length > 0 && uses.every(is(200)));
  const writes = watch.answers('writes', full, room);
  report.promise('writes fail clearly, with 503 and Retry-After', writes.length > 0 && writes.every(isUnavailable));
  const health = watch.answers('health', full + 2000, room);
  report.promise(
    'health says why',
    health.length > 0 && health.every(({ answer }) => answer.json.writes === 'down'),
    JSON.stringify(health[0]?.answer.json),
  );
}

async function judgeStored(report, gatehouse, { written, jtis, warm }) {
  const { client } = gatehouse;
  const labels = (await client.labels('written')).sort();
  report.promise(
    `what was acknowledged is stored, and nothing else (${written.length})`,
    labels.join() === [...written].sort().join(),
    labels.join('\n'),
  );
  const events = await client.events(`credential=${warm.id}&kind=token.issued`);
  const missing = jtis.filter((jti) => !events.some(({ detail }) => detail.jti === jti)).length;
  report.promise(`events of use arrive (${jtis.length} tokens)`, missing === 0, `${missing} are missing`);
  const { code, output } = await gatehouse.run('audit', 'verify');
  report.promise('gatehouse audit verify finds the trail whole', code === 0, output);
  report.promise('nothing was thrown that nobody caught', (await gatehouse.unhandledRejections()) === 0);
}

async function restarts(report, gatehouse, disk) {
  disk.fill();
  await gatehouse.kill();
  gatehouse.log = '';
  const started = await gatehouse.start().then(
    () => 'serves',
    () => gatehouse.log.split('\n').find((line) => line.startsWith('gatehouse:')) ?? gatehouse.log.slice(-500),
  );
  report.note(`started on a full disk: ${started}`);
  report.promise('a start on a full disk serves, or says why not', started === 'serves' || started.startsWith('gatehouse:'), started);
  await gatehouse.kill();
  disk.makeRoom();
  await gatehouse.start();
  report.promise('with room it starts', (await gatehouse.client.admin('GET', '/credentials')).status === 200);
  report.promise('it stops as asked', (await gatehouse.stop()) === 0);
}

/** The very first start, which makes the database and the master key, without room for them. */
async function firstStart({ report, dir, own }, disk) {
  const gatehouse = own(await Gatehouse.create(join(dir, 'first'), { env: { DATA_DIR: join(disk.dir, 'first'), MASTER_KEY: '' } }));
  disk.fill();
  const why = await gatehouse.start().then(
    () => 'serves',
    () => gatehouse.log.split('\n').find((line) => line.startsWith('gatehouse:')) ?? gatehouse.log.slice(-500),
  );
  await gatehouse.kill();
  report.note(`first start on a full disk: ${why}`);
  report.promise('a first start without room says why', why.startsWith('gatehouse:'), why);
  disk.makeRoom();
  const again = await gatehouse.start().then(
    () => true,
    (error) => error.message,
  );
  report.promise('with room the next one serves: nothing half written is in its way', again === true, again);
  await gatehouse.kill();
}
