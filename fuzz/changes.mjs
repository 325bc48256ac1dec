// What can be done to a good request so that it is not one any more.
import { addAssertion, addProof, addSecret, authenticate, JWT_BEARER, TOKEN_EXCHANGE } from './drafts.mjs';
import { oddJwt, spoiltJwt } from './jwt.mjs';
import { clientAssertion, dpopProof, signed, workloadAssertion } from './scene.mjs';
import { oddSecret, oddText } from './values.mjs';
import { mutate } from './wire.mjs';

const SECRET_BEARING = new Set([
  'client_secret',
  'client_assertion',
  'assertion',
  'subject_token',
  'actor_token',
  'refresh_token',
  'token',
  'secret',
]);
const NAMES = [
  ...SECRET_BEARING,
  'grant_type',
  'client_id',
  'client_assertion_type',
  'scope',
  'resource',
  'audience',
  'subject_token_type',
  'actor_token_type',
  'requested_token_type',
  'token_type_hint',
  'source',
  'access_token',
];
const GRANTS = [
  'client_credentials',
  'refresh_token',
  JWT_BEARER,
  TOKEN_EXCHANGE,
  'authorization_code',
  'password',
  'CLIENT_CREDENTIALS',
  'client_credentials ',
  'urn:ietf:params:oauth:grant-type:device_code',
];
const MEDIA_TYPES = [
  'application/x-www-form-urlencoded;charset=UTF-8',
  'application/x-www-form-urlencoded; charset="utf-8"',
  'APPLICATION/X-WWW-FORM-URLENCODED',
  'application/x-www-form-urlencoded; charset=latin1',
  'application/x-www-form-urlencoded; boundary=x',
  'application/x-www-form-urlencoded, application/json',
  'application/json',
  'application/json; charset=utf-8',
  'multipart/form-data; boundary=x',
  'text/plain',
  '*/*',
  ';',
  'x',
  '',
];
const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];
const PATHS = ['', '/', '/token/', '/token/x', '/tokens', '/TOKEN', '/revoke/', '/jwks', '/authorize', '/%00', '/..%2ftoken', '/token;a=b'];
const RESOURCES = (issuer) => [
  `${issuer}/`,
  issuer.toUpperCase(),
  issuer.replace('http', 'HTTP'),
  `${issuer}#x`,
  `${issuer}?x=y`,
  `${issuer}/other`,
  'http://[::1',
  'http://user:password@localhost/',
  '//localhost/authed/mcp',
  'javascript:alert(1)',
  'urn:x:y',
  `http://localhost/${'a'.repeat(5000)}`,
];
const SCOPES = [
  ' mcp:search',
  'mcp:search  mcp:read',
  'mcp:search\nx',
  'mcp:"search"',
  'MCP:SEARCH',
  'mcp:search mcp:search',
  '*',
  'openid offline_access',
];

const oddValue = (random, name) => (SECRET_BEARING.has(name) ? oddSecret(random) : oddText(random));

/** A value that a parameter of this name may well have, in some other request. */
function likelyValue(random, scene, name) {
  if (name === 'grant_type') return random.pick(GRANTS);
  if (name === 'resource' || name === 'audience') return random.pick([scene.installation.issuer, ...RESOURCES(scene.installation.issuer)]);
  if (name === 'scope') return random.chance(80) ? random.pick(SCOPES) : 'mcp:search '.repeat(1 + random.int(3000)).trim();
  if (name === 'client_id') return random.pick([...scene.live, ...scene.dead]).clientId;
  return oddValue(random, name);
}

function setParameter(draft, name, value) {
  draft.bad.clear();
  if (SECRET_BEARING.has(name)) draft.secrets.push(value);
  const found = draft.form.find(([own]) => own === name);
  if (found) found[1] = value;
  else draft.form.push([name, value]);
}

/** Takes away whatever the client proves itself with. */
function withoutClient(draft) {
  const names = new Set(['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']);
  draft.form = draft.form.filter(([name]) => !names.has(name));
  draft.headers = draft.headers.filter(([name]) => name !== 'authorization' && name !== 'client-cert');
  draft.bad.delete('client');
}

/** A proof that is certainly none: of nobody, of the dead, of another, or broken. */
function badClient(random, scene, draft) {
  withoutClient(draft);
  draft.bad.add('client');
  const client = random.pick(scene.live);
  const keyed = scene.find('key');
  random.weighted([
    [3, () => addSecret(random, draft, client.clientId, `mcs_canary${random.text(40)}`)],
    [2, () => addSecret(random, draft, `mcc_${random.text(26, 'abcdefghjkmnpqrstvwxyz0123456789')}`, `mcs_canary${random.text(40)}`)],
    [2, () => addSecret(random, draft, ...deadPair(random, scene))],
    [2, () => addSecret(random, draft, scene.find('strict').clientId, scene.find('plain').clientSecret)],
    [1, () => addSecret(random, draft, scene.find('plain').clientId, `${scene.find('plain').clientSecret}x`)],
    [1, () => addSecret(random, draft, keyed.clientId, scene.find('plain').clientSecret)],
    [6, () => addAssertion(draft, spoiltJwt(random, clientAssertion(random, scene, keyed)))],
    [1, () => addAssertion(draft, signed(clientAssertion(random, scene, random.pick(scene.dead))))],
  ])();
}

function deadPair(random, { dead }) {
  const { clientId, clientSecret } = random.pick(dead);
  return [clientId, clientSecret];
}

function twoProofs(random, scene, draft) {
  authenticate(random, scene, draft, random.pick(scene.live));
  authenticate(random, scene, draft, random.pick(scene.live));
  draft.bad.clear();
}

function oddAuthorization(random, scene, draft) {
  withoutClient(draft);
  const { clientId, clientSecret } = scene.find('plain');
  const encode = (text) => Buffer.from(text).toString('base64');
  const canary = oddSecret(random);
  draft.secrets.push(canary, clientSecret);
  const values = [
    `Basic ${encode(`${clientId}:${canary}`)}`,
    `Basic ${encode(`${clientId}:${clientSecret}`)}, Basic ${encode('a:b')}`,
    `Basic ${encode(canary)}`,
    `Basic ${canary}`,
    `basic   ${encode(`${clientId}:${clientSecret}`)}`,
    `Basic ${encode(`${clientId}:%zz${canary}`)}`,
    `Basic ${encode(`${oddText(random)}:${canary}`)}`,
    `Bearer ${canary}`,
    `DPoP ${canary}`,
    `Digest username="${canary}"`,
    canary,
    'Basic',
    'Basic ',
    '',
  ];
  draft.headers.push(['authorization', random.pick(values)]);
  if (random.chance(20)) draft.headers.push(['Authorization', random.pick(values)]);
}

function oddAssertion(random, scene, draft) {
  withoutClient(draft);
  const credential = random.pick(['key', 'key, old audience', 'key set', 'broken key set', 'absent key set', 'plain'].map(scene.find));
  const parts = clientAssertion(random, scene, credential);
  addAssertion(draft, random.chance(60) ? oddJwt(random, parts) : signed(parts));
  if (random.chance(10)) setParameter(draft, 'client_assertion_type', oddText(random));
  if (random.chance(10)) draft.form.push(['client_id', random.pick(scene.live).clientId]);
}

function bearerAssertion(random, scene, draft) {
  const parts = workloadAssertion(random, scene);
  setParameter(draft, 'grant_type', JWT_BEARER);
  if (random.chance(50)) setParameter(draft, 'assertion', oddJwt(random, parts));
  else {
    setParameter(draft, 'assertion', spoiltJwt(random, parts));
    draft.bad.add('assertion');
  }
}

function subjectToken(random, scene, draft) {
  setParameter(draft, 'grant_type', TOKEN_EXCHANGE);
  setParameter(draft, 'subject_token_type', 'urn:ietf:params:oauth:token-type:access_token');
  const parts = clientAssertion(random, scene, scene.find('key'));
  setParameter(draft, 'subject_token', random.pick([signed, () => spoiltJwt(random, parts), () => oddSecret(random)])(parts));
  draft.bad.add('subject');
}

function oddProof(random, scene, draft) {
  const parts = dpopProof(random, scene, random.chance(20) ? 'token' : undefined);
  const isBad = random.chance(50);
  if (isBad && !draft.headers.some(([name]) => name === 'dpop')) draft.bad.add('proof');
  addProof(draft, isBad ? spoiltJwt(random, parts) : oddJwt(random, parts));
  if (random.chance(10)) addProof(draft, signed(dpopProof(random, scene)));
}

function oddHeader(random, scene, draft) {
  const name = random.pick([
    'dpop',
    'client-cert',
    'x-forwarded-for',
    'forwarded',
    'origin',
    'accept',
    'accept-encoding',
    'content-encoding',
    'cookie',
    'user-agent',
    'x-http-method-override',
    'idempotency-key',
    random.text(1 + random.int(30), 'abcdefghijklmnopqrstuvwxyz-'),
  ]);
  const value = random.pick([
    oddText(random),
    '10.1.2.3',
    '::1, 10.1.2.3',
    'gzip',
    ':AAAA:',
    `:${random.bytes(200).toString('base64')}:`,
    scene.certificate.header,
  ]);
  draft.headers.push([name, value]);
}

/** Of the credential that has one: other bytes in its DER, which a proxy would have passed on as well. */
function oddCertificate(random, scene, draft) {
  withoutClient(draft);
  const der = Buffer.from(scene.certificate.header.slice(1, -1), 'base64');
  draft.headers.push(['client-cert', `:${mutate(random, der).toString('base64')}:`]);
  draft.form.push(['client_id', scene.find(random.pick(['certificate', 'certificate bound', 'plain'])).clientId]);
}

const setMediaType = (random, scene, draft) => {
  draft.headers = draft.headers.filter(([name]) => name !== 'content-type');
  if (random.chance(90)) draft.headers.push(['content-type', random.chance(90) ? random.pick(MEDIA_TYPES) : oddText(random)]);
};

/** Of the body: the limit is 64 KiB, and 64 parameters. */
function fill(random, scene, draft) {
  if (random.chance(40)) {
    for (let i = 58 + random.int(10); i > 0; i--) draft.form.push([`x${i}`, random.text(3)]);
    return;
  }
  const size = new URLSearchParams(draft.form).toString().length + '&filler='.length;
  const target = random.pick([65_535, 65_536, 65_537, 70_000, 200_000]);
  draft.form.push(['filler', 'a'.repeat(Math.max(0, target - size))]);
}

const CHANGES = [
  [14, badClient],
  [8, oddAssertion],
  [6, oddAuthorization],
  [8, oddProof],
  [6, bearerAssertion],
  [5, subjectToken],
  [4, twoProofs],
  [3, oddCertificate],
  [4, oddHeader],
  [4, setMediaType],
  [2, fill],
  [14, (random, scene, draft) => changeValue(random, draft)],
  [8, (random, scene, draft) => setAny(random, scene, draft)],
  [4, (random, scene, draft) => repeat(random, draft)],
  [5, (random, scene, draft) => drop(random, draft)],
  [3, (random, scene, draft) => draft.form.push([random.chance(50) ? oddText(random) : `${random.pick(NAMES)}[]`, oddText(random)])],
  [2, (random, scene, draft) => (draft.form = random.shuffle(draft.form))],
  [2, (random, scene, draft) => (draft.method = random.pick(METHODS))],
  [2, (random, scene, draft) => (draft.path = `/authed/mcp/oauth${random.pick(PATHS)}`)],
  [3, (random, scene, draft) => addQuery(random, draft)],
];

function changeValue(random, draft) {
  if (draft.form.length === 0) return;
  const [name] = random.pick(draft.form);
  setParameter(draft, name, oddValue(random, name));
}

function setAny(random, scene, draft) {
  const name = random.pick(NAMES);
  setParameter(draft, name, likelyValue(random, scene, name));
}

function repeat(random, draft) {
  if (draft.form.length === 0) return;
  const [name, value] = random.pick(draft.form);
  draft.form.push([name, random.chance(50) ? value : oddValue(random, name)]);
  if (SECRET_BEARING.has(name)) draft.secrets.push(draft.form.at(-1)[1]);
}

function drop(random, draft) {
  draft.bad.clear();
  if (random.chance(20)) draft.headers.splice(random.int(draft.headers.length || 1), 1);
  else draft.form.splice(random.int(draft.form.length || 1), 1);
}

function addQuery(random, draft) {
  const name = random.pick(NAMES);
  const value = oddSecret(random);
  draft.secrets.push(value);
  draft.query = random.pick([
    `?${name}=${encodeURIComponent(value.toWellFormed())}`,
    `?${name}=x&${name}=${encodeURIComponent(value.toWellFormed())}`,
    '?',
    '?%',
    `?x=${'a'.repeat(random.int(4000))}`,
  ]);
}

/** Does one to four of these to a draft. */
export function change(random, scene, draft) {
  for (let i = random.pick([1, 1, 1, 2, 2, 3, 4]); i > 0; i--) random.weighted(CHANGES)(random, scene, draft);
}
