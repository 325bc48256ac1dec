import { setTimeout as sleep } from 'node:timers/promises';
import { Gatehouse } from '../gatehouse.mjs';
import { Signer } from '../proofs.mjs';

const HOUR_MS = 3600_000;
const STEP_MS = HOUR_MS + 10_000;
const QUOTA = 20;

export const clock = {
  name: 'clock',
  about: 'the clock steps an hour forwards, and back',
  run: async ({ report, dir, own }) => {
    const gatehouse = own(await Gatehouse.create(dir));
    await gatehouse.start();
    const scene = { report, gatehouse, client: gatehouse.client, ...(await prepare(gatehouse)) };
    report.note('— forwards');
    await gatehouse.shiftClock(STEP_MS);
    const later = await forwards(scene);
    report.note('— back');
    await gatehouse.shiftClock(0);
    await backwards(scene, later);
    report.note('— an hour before the time');
    await gatehouse.shiftClock(-STEP_MS);
    await works(scene, 'an hour before');
    await gatehouse.shiftClock(0);
    await works(scene, 'in time again');
    await judgeTrail(scene);
    report.promise('nothing was thrown that nobody caught', (await gatehouse.unhandledRejections()) === 0);
    report.promise('it stops as asked', (await gatehouse.stop()) === 0);
  },
};

async function prepare({ client, url, password }) {
  const create = async (body = {}) => (await client.admin('POST', '/credentials', { label: 'clock', ...body })).json;
  const scopes = [{ name: 'few:all', permissions: ['*'], default: true }];
  await client.admin('POST', '/servers', {
    slug: 'few',
    name: 'Few',
    upstream: { kind: 'docs' },
    scopes,
    limits: { perCredential: QUOTA },
  });
  const [warm, counted, signer] = [await create(), await create({ servers: ['few'] }), await Signer.create()];
  const token = (await client.mint(warm)).json.access_token;
  const countedToken = (await client.mint(counted, {})).json.access_token;
  for (let i = 0; i < QUOTA; i++) await client.call(countedToken, { server: 'few' });
  const expiring = await create({ expiresAt: new Date(Date.now() + HOUR_MS / 2).toISOString() });
  const rotated = await create();
  await client.admin('POST', `/credentials/${rotated.id}/rotate`, { overlapSeconds: HOUR_MS / 2000 });
  const endpoint = `${url}/authed/mcp/oauth/token`;
  const proof = await signer.proof('POST', endpoint);
  await client.mint(warm, {}, { dpop: proof });
  const session = await client.ask('/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'gatehouse-csrf': '1' },
    body: JSON.stringify({ username: 'admin', password }),
  });
  const cookie = String(session.headers['set-cookie']).split(';')[0];
  return { create, warm, counted, signer, token, countedToken, expiring, rotated, proof, endpoint, cookie };
}

/** Minting and calling, reading and writing. */
async function works({ report, client, warm, create }, when) {
  const minted = await client.mint(warm);
  const called = await client.call(minted.json.access_token);
  const written = await create();
  report.promise(
    `${when}: tokens, calls and writes work`,
    minted.status === 200 && called.status === 200 && written.id !== undefined,
    `${minted.status} ${called.status}`,
  );
  return minted.json.access_token;
}

async function forwards(scene) {
  const { report, client, token, expiring, rotated, warm, counted, signer, proof, endpoint, cookie } = scene;
  report.promise('tokens that have ended by then are refused', (await client.call(token)).status === 401);
  report.promise('a credential that has ended by then gets none', (await client.mint(expiring)).status === 401);
  report.promise('a secret whose overlap is over by then is refused', (await client.mint(rotated)).status === 401);
  const later = await works(scene, 'forwards');
  const countedToken = (await client.mint(counted)).json.access_token;
  report.promise('a quota is not refilled', (await client.call(countedToken, { server: 'few' })).status === 429);
  const old = await client.mint(warm, {}, { dpop: await signer.proof('POST', endpoint) });
  report.promise('a proof of an hour ago is refused', old.status === 400, old.text);
  const ahead = await signer.proof('POST', endpoint, { offset: STEP_MS / 1000 });
  const uses = [await client.mint(warm, {}, { dpop: ahead }), await client.mint(warm, {}, { dpop: ahead })].map(({ status }) => status);
  report.promise('a proof of this hour is accepted once', uses.join() === '200,400', uses.join());
  report.promise('a sign-in session goes on', (await client.ask('/api/v1/session', { headers: { cookie } })).status === 200);
  await client.mint(warm, {}, { dpop: proof });
  // What is ended now stays ended, whatever time it will be.
  await client.admin('POST', `/credentials/${warm.id}/revoke-tokens`);
  report.promise('tokens that were revoked are refused', (await client.call(later)).status === 401);
  return { later, ahead };
}

async function backwards(scene, { later, ahead }) {
  const { report, client, token, countedToken, expiring, warm, proof } = scene;
  const minted = await client.mint(warm);
  const fresh = await client.call(minted.json.access_token);
  report.promise(
    'new tokens work after a revocation in that other time',
    minted.status === 200 && fresh.status === 200,
    `${minted.status} ${fresh.status}`,
  );
  const ended = [(await client.call(token)).status, (await client.call(later)).status];
  report.promise('what was revoked stays revoked', ended.join() === '401,401', ended.join());
  const replays = [await client.mint(warm, {}, { dpop: proof }), await client.mint(warm, {}, { dpop: ahead })].map(({ status }) => status);
  report.promise('proofs that were used stay used', replays.join() === '400,400', replays.join());
  report.promise('a quota is not refilled', (await client.call(countedToken, { server: 'few' })).status === 429);
  report.promise('a credential that has not ended yet gets tokens', (await client.mint(expiring)).status === 200);
  const victim = await scene.create();
  const text = (await client.mint(victim)).json.access_token;
  await client.admin('POST', `/credentials/${victim.id}/disable`);
  report.promise('disabling cuts off at once', (await client.call(text)).status === 401);
  await works(scene, 'back');
}

async function judgeTrail({ report, client, gatehouse }) {
  await sleep(1500);
  const events = await client.events();
  const ids = events.map(({ id }) => id);
  report.promise(
    `the ids of ${ids.length} events are in the order in which they came`,
    ids.every((id, i) => i === 0 || ids[i - 1] < id),
  );
  const { code, output } = await gatehouse.run('audit', 'verify');
  report.promise('gatehouse audit verify finds the trail whole', code === 0, output);
}
