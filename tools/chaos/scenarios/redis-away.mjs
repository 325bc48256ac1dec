import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../databases.mjs';
import { Gatehouse } from '../gatehouse.mjs';
import { Signer } from '../proofs.mjs';
import { Tally } from '../report.mjs';
import { setting } from '../settings.mjs';
import { is, Watch } from '../watch.mjs';

const AWAY_SECONDS = setting('CHAOS_REDIS_SECONDS', 10);
const QUOTA = 20;
const SLOW_MS = 2000;
const PROPAGATION_MS = 1500;
const RECOVERY_MS = 10_000;

export const redisAway = {
  name: 'redis-away',
  about: `Redis killed for ${AWAY_SECONDS} s, hanging for as long, and emptied, under two replicas`,
  needs: ['redis-server'],
  run: async (scene) => {
    const { report, dir, own } = scene;
    const redis = own(await RedisServer.create(dir));
    const first = own(await Gatehouse.create(dir, { env: { REDIS_URL: redis.url } }));
    await first.start();
    const second = own(await first.twin());
    await second.start();
    const world = await prepare([first, second]);
    await judgeShared(report, world);
    report.note('— Redis is killed');
    await away(report, world, { leave: () => redis.stop('SIGKILL'), comeBack: () => redis.start() });
    report.note('— Redis hangs');
    await away(report, world, { leave: () => redis.signal('SIGSTOP'), comeBack: () => redis.signal('SIGCONT') });
    report.note('— Redis is emptied (FLUSHALL)');
    await emptied(report, world, redis);
    const codes = [await first.stop(), await second.stop()];
    report.promise(
      'both stop as asked',
      codes.every((code) => code === 0),
      codes.join(),
    );
  },
};

async function prepare(replicas) {
  const [{ client, url }] = replicas;
  const create = async (body) => (await client.admin('POST', '/credentials', { label: 'chaos', ...body })).json;
  const scopes = [{ name: 'few:all', permissions: ['*'], default: true }];
  const few = { slug: 'few', name: 'Few', upstream: { kind: 'docs' }, scopes, limits: { perCredential: QUOTA } };
  await client.admin('POST', '/servers', few);
  const signer = await Signer.create();
  const warm = await create({});
  const signed = await create({ authMethod: 'private_key_jwt', jwks: signer.jwks });
  await sleep(1000);
  const token = (await client.mint(warm)).json.access_token;
  const session = await client.ask('/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'gatehouse-csrf': '1' },
    body: JSON.stringify({ username: 'admin', password: replicas[0].password }),
  });
  return { replicas, create, signer, warm, signed, token, url, cookie: String(session.headers['set-cookie']).split(';')[0] };
}

/** How many calls of a credential pass before its quota refuses them, on all replicas in turn. */
async function passes({ replicas, create }) {
  const counted = await create({ servers: ['few'] });
  await sleep(PROPAGATION_MS);
  const token = (await replicas[0].client.mint(counted)).json.access_token;
  return { token, passed: () => countPassing(replicas, token) };
}

async function countPassing(replicas, token) {
  let passed = 0;
  for (let i = 0; i < replicas.length * (QUOTA + 5); i++) {
    const { status } = await replicas[i % replicas.length].client.call(token, { server: 'few' });
    if (status === 200) passed++;
    else if (status !== 429) return `${status} after ${passed}`;
  }
  return passed;
}

async function judgeShared(report, world) {
  const passed = await (await passes(world)).passed();
  report.promise(`a quota of ${QUOTA} is one for both replicas (${passed} passed)`, passed === QUOTA);
}

/** One assertion and one proof, used once. */
async function use({ replicas, signer, signed, warm, url }) {
  const [{ client }] = replicas;
  const assertion = await signer.assertion(signed.clientId, `${url}/authed/mcp`);
  const proof = await signer.proof('POST', `${url}/authed/mcp/oauth/token`);
  const first = await client.form('token', { grant_type: 'client_credentials', ...assertion });
  const bound = await client.mint(warm, {}, { dpop: proof });
  return { assertion, proof, worked: first.status === 200 && bound.status === 200, answers: [first.text, bound.text].join() };
}

/** Presents them again, to each replica. */
async function replay({ replicas, warm }, { assertion, proof }) {
  const seen = { assertions: [], proofs: [] };
  for (const { client } of replicas) {
    seen.assertions.push((await client.form('token', { grant_type: 'client_credentials', ...assertion })).status);
    seen.proofs.push((await client.mint(warm, {}, { dpop: proof })).status);
  }
  return seen;
}

async function away(report, world, { leave, comeBack }) {
  const { replicas, warm, token } = world;
  const before = await use(world);
  const quota = await passes(world);
  const watch = new Watch(
    Object.fromEntries(
      replicas.flatMap(({ client }, i) => [
        [`calls ${i + 1}`, () => client.call(token)],
        [`tokens ${i + 1}`, () => client.mint(warm)],
        [`health ${i + 1}`, () => client.get('/health/ready')],
      ]),
    ),
  );
  watch.start();
  const left = performance.now();
  await leave();
  await sleep(500);
  const meanwhile = await use(world);
  const again = [await replay(world, before), await replay(world, meanwhile)];
  const passed = await quota.passed();
  const cutOff = await cutOffMs(world);
  await sleep(Math.max(0, left + AWAY_SECONDS * 1000 - performance.now()));
  const back = performance.now();
  await comeBack();
  const sharedAfter = await untilShared(replicas, back);
  await watch.stop();
  judgeAway(report, watch, { left, back });
  judgeReplays(report, { again, meanwhile });
  report.promise(`a quota of ${QUOTA} holds on each replica (${passed} passed on two)`, passed <= 2 * QUOTA);
  report.promise(`disabling cuts off on the other replica (${cutOff.toFixed(0)} ms)`, cutOff < PROPAGATION_MS);
  report.promise(`limits are shared again by themselves (${sharedAfter.toFixed(0)} ms after it came back)`, sharedAfter < RECOVERY_MS);
  await judgeShared(report, world);
}

function judgeAway(report, watch, { left, back }) {
  const names = ['calls 1', 'calls 2', 'tokens 1', 'tokens 2'];
  const answers = names.flatMap((name) => watch.answers(name, left, back));
  const tally = new Tally();
  for (const { what } of answers) tally.add(what);
  report.saw('clients', tally.all);
  report.promise('calls and tokens go on', answers.length > 0 && answers.every(is(200)));
  const slowest = Math.max(...answers.map(({ askedAt, at }) => at - askedAt));
  report.promise(`none is kept waiting (${slowest.toFixed(0)} ms at most)`, slowest < SLOW_MS);
  const health = ['health 1', 'health 2'].flatMap((name) => watch.answers(name, left, back));
  report.promise('both stay ready', health.every(is(200)));
}

function judgeReplays(report, { again, meanwhile }) {
  report.promise('signed assertions and proofs are accepted once', meanwhile.worked, meanwhile.answers);
  const assertions = again.flatMap((each) => each.assertions);
  report.promise(
    'an assertion that was used is refused by both replicas',
    assertions.every((status) => status === 401),
    assertions.join(),
  );
  const [own, other] = [0, 1].map((i) => again.map(({ proofs }) => proofs[i]));
  report.promise(
    'a proof that was used is refused by the replica that saw it',
    own.every((status) => status === 400),
    own.join(),
  );
  report.note(`by the other one, before and while Redis was away: ${other.map(verdict).join(', ')} (each remembers for itself)`);
}

const verdict = (status) => (status === 200 ? 'accepted once' : `refused (${status})`);

/** How long a token goes on at the second replica after the first has disabled its credential. */
async function cutOffMs({ replicas: [first, second], create }) {
  const victim = await create({});
  const token = (await first.client.mint(victim)).json.access_token;
  await second.client.call(token);
  const began = performance.now();
  await first.client.admin('POST', `/credentials/${victim.id}/disable`);
  while ((await second.client.call(token)).status !== 401 && performance.now() - began < 5000);
  return performance.now() - began;
}

async function untilShared(replicas, back) {
  for (; performance.now() - back < 2 * RECOVERY_MS; await sleep(100)) {
    for (const { client } of replicas) await client.call('none');
    const shared = await Promise.all(replicas.map(({ client }) => client.metric('gatehouse_rate_limits_shared')));
    if (shared.every((value) => value === 1)) break;
  }
  return performance.now() - back;
}

async function emptied(report, world, redis) {
  const { replicas, cookie } = world;
  const used = await use(world);
  const quota = await passes(world);
  const before = await quota.passed();
  await redis.send('flushall');
  const again = [await replay(world, used)];
  judgeReplays(report, { again, meanwhile: used });
  const after = await quota.passed();
  report.promise(`a quota begins anew and holds (${before} passed before, ${after} after)`, before === QUOTA && after === QUOTA);
  const sessions = await Promise.all(replicas.map(({ client }) => client.ask('/api/v1/session', { headers: { cookie } })));
  report.promise(
    'sign-in sessions live on',
    sessions.every(({ status }) => status === 200),
  );
  const cutOff = await cutOffMs(world);
  report.promise(`disabling cuts off on the other replica (${cutOff.toFixed(0)} ms)`, cutOff < PROPAGATION_MS);
}
