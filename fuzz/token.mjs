// Target "token": the OAuth endpoints. Requests are good ones, changed ones, and ones with bytes changed at random.
import { change } from './changes.mjs';
import { authenticate, goodDraft } from './drafts.mjs';
import { faultsOf, rowOf } from './oauth-oracle.mjs';
import { openScene } from './scene.mjs';
import { encodeForm, exchange, mutate, toBytes, toMessage } from './wire.mjs';

const ENDPOINTS = ['token', 'revoke', 'introspect', 'leaked'];

/** Starts what is to be attacked: one installation, and one that demands DPoP nonces. */
export async function open(application) {
  const scenes = [await openScene(application, {}), await openScene(application, { DPOP_NONCES: 'on' })];
  return {
    make: (random) => makeRequest(random, scenes),
    send,
    faultsOf: (request, answer) => faultsOf(request, answer),
    rowOf: (request, answer) => `${request.endpoint ?? 'other'}: ${rowOf(answer)}`,
    observe,
    describe,
    finalFaults: () => scenes.flatMap(diskFaults),
    close: () => Promise.all(scenes.map((scene) => scene.close())),
  };
}

function makeRequest(random, scenes) {
  const scene = random.chance(85) ? scenes[0] : scenes[1];
  const draft = goodDraft(random, scene);
  const kind = random.weighted([
    [25, 'good'],
    [45, 'changed'],
    [30, 'mutated'],
  ]);
  if (kind === 'changed') change(random, scene, draft);
  const via = random.weighted([
    [95, scene.installation.via],
    [5, 'socket'],
  ]);
  const request = { ...draft, scene, kind, via, body: encodeForm(random, draft.form, kind === 'changed') };
  if (via === 'socket') return seal({ ...request, bytes: toBytes(random, request, scene.installation.port) }, random);
  if (!/^\/[\w/.%-]*$/.test(request.path)) request.path = '/authed/mcp/oauth/x';
  return seal(request, random);
}

/** Says what may be expected of the answer; the last changes are those to the bytes. */
function seal(request, random) {
  const { kind, via } = request;
  const endpoint = ENDPOINTS.find((name) => request.path === `/authed/mcp/oauth/${name}`);
  if (kind !== 'mutated') return { ...request, endpoint, mustFail: mustFail(request, endpoint) };
  if (via === 'socket') return { ...request, bytes: mutate(random, request.bytes), endpoint: undefined, mustFail: false };
  const proof = random.chance(30) ? request.headers.find(([name]) => name === 'authorization' || name === 'dpop') : undefined;
  if (!proof) return { ...request, body: mutate(random, request.body), endpoint, mustFail: false };
  const value = mutate(random, Buffer.from(proof[1], 'latin1')).toString('latin1');
  const headers = request.headers.map((header) => (header === proof ? [proof[0], value] : header));
  return { ...request, headers, endpoint, mustFail: false };
}

function mustFail({ bad, method }, endpoint) {
  if (method !== 'POST' || endpoint === undefined || endpoint === 'leaked') return false;
  return endpoint === 'token' ? bad.size > 0 : bad.has('client');
}

function send({ scene: { installation }, ...request }) {
  if (request.via === 'socket') return exchange(request.bytes, installation.port, request.kind !== 'mutated');
  return installation.send(toMessage(request, installation.port));
}

/** Keeps what later requests are made of. */
function observe({ scene, form, endpoint }, { status, headers, text }) {
  if (typeof headers['dpop-nonce'] === 'string') scene.nonce = headers['dpop-nonce'];
  if (status !== 200 || endpoint !== 'token') return;
  const { access_token: token, refresh_token: refreshToken, token_type: type } = JSON.parse(text);
  const owner = ownerOf(token, scene) ?? scene.live.find(({ clientId }) => form.some(([, value]) => value === clientId));
  if (!owner) return;
  scene.tokens.add({ token, owner, isBound: type === 'DPoP' });
  if (refreshToken !== undefined) scene.refreshTokens.add({ token: refreshToken, owner, isBound: type === 'DPoP' });
}

function ownerOf(token, { live }) {
  const { client_id: id } = JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString() || '{}');
  return live.find(({ clientId }) => clientId === id);
}

/** The request as JSON can hold it, for a report. */
function describe({ method, path, query, headers, body, bytes, via, kind, scene: _scene }) {
  if (via === 'socket') return { via, kind, bytes: bytes.toString('latin1') };
  return { via, kind, method, path: path + query, headers, body: body.toString('latin1') };
}

/** No secret, token or assertion may lie on the disk in the clear. */
function diskFaults({ installation, live, tokens, refreshTokens }) {
  const secrets = [
    'canary',
    ...live.flatMap(({ clientSecret }) => clientSecret ?? []),
    ...[...tokens.items, ...refreshTokens.items].map(({ token }) => token),
  ];
  return installation
    .readDisk()
    .flatMap(({ name, bytes }) => (secrets.some((secret) => bytes.includes(secret)) ? [`a secret lies in ${name}`] : []));
}
