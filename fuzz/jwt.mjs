// JWTs, good and bad: assertions, proofs, tokens of nobody.
import { constants, createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { oddJson, oddText } from './values.mjs';

const { privateKey: strangersKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const SIGN = {
  ES256: (data, key) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  RS256: (data, key) => sign('sha256', data, key),
  PS256: (data, key) => sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  EdDSA: (data, key) => sign(null, data, key),
};

/** Signs with a key of the installation's; `header` and `payload` may be anything that JSON or a text can be. */
export function signJwt({ alg, privateKey }, header, payload) {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${SIGN[alg](Buffer.from(input), privateKey).toString('base64url')}`;
}

export const thumbprintInput = (token) => createHash('sha256').update(token).digest('base64url');

/**
 * Spoils a JWT so that it proves nothing any more, whatever else it says.
 * @param {{ key: object, header: object, payload: object }} good
 */
export function spoiltJwt(random, { key, header, payload }) {
  const token = () => signJwt(key, header, payload);
  return random.weighted([
    [6, () => changeInside(random, token())],
    [3, () => `${encode({ ...header, alg: 'none' })}.${encode(payload)}.`],
    [3, () => withHmac({ ...header, alg: 'HS256' }, payload, key.jwk)],
    [3, () => signJwt({ alg: 'ES256', privateKey: strangersKey }, { ...header, alg: 'ES256' }, payload)],
    [2, () => signJwt(key, { ...header, alg: random.pick(['ES384', 'RS512', 'HS512', 'none', '', 'es256', 'dir']) }, payload)],
    [2, () => signJwt(key, { ...header, alg: oddJson(random) }, payload)],
    [2, () => signJwt(key, { ...header, crit: ['exp'], exp: 1 }, payload)],
    [2, () => token().split('.').slice(0, 2).join('.')],
    [2, () => token().replace(/[^.]+$/, '')],
    [1, () => `${token()}.${random.text(8)}`],
    [1, () => `${token()}.a.b`],
    [2, () => signJwt(key, header, random.pick(['', '{', '[]', 'null', '7', '"text"', '{"a":1', '\0', '{"exp":1e999}']))],
    [1, () => signJwt(key, header, oddJson(random))],
    [1, () => `${encode(random.pick(['', '{', '[]', 'null', '{"alg":1}']))}.${encode(payload)}.${random.text(86)}`],
    [1, () => `${random.text(20)}.${random.text(200)}.${random.text(86)}`],
    [1, () => `${encode(header)}.${encode({ ...payload, filler: random.text(17_000) })}.${random.text(86)}`],
  ])();
}

/** In the middle of a part, where every bit counts. */
function changeInside(random, token) {
  const parts = token.split('.');
  const part = random.int(3);
  const at = 1 + random.int(parts[part].length - 3);
  const old = parts[part][at];
  const other = random.text(1);
  parts[part] = parts[part].slice(0, at) + (other === old ? (old === 'A' ? 'B' : 'A') : other) + parts[part].slice(at + 1);
  return parts.join('.');
}

/** The public key as a secret: what accepted it once was a family of vulnerabilities (RFC 8725 §2.1). */
function withHmac(header, payload, jwk) {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', JSON.stringify(jwk)).update(input).digest('base64url')}`;
}

const HEADER_EXTRAS = [
  (random) => ({ kid: oddJson(random) }),
  (random) => ({ typ: oddJson(random) }),
  () => ({ typ: 'at+jwt' }),
  () => ({ typ: 'application/JWT' }),
  () => ({ jku: 'http://169.254.169.254/latest/meta-data' }),
  () => ({ x5u: 'http://127.0.0.1:1/' }),
  (random) => ({ jwk: oddJson(random) }),
  (random) => ({ x5c: oddJson(random) }),
  () => ({ b64: false, crit: ['b64'] }),
  (random) => ({ [oddText(random)]: oddJson(random) }),
];

const now = () => Math.floor(Date.now() / 1000);
const TIMES = [
  () => now() - 1000,
  () => now() - 61,
  () => now() + 59,
  () => now() + 3600,
  () => now() + 1e9,
  () => 0,
  () => -1,
  () => 1e308,
  () => String(now()),
  () => now() + 0.5,
];

/** Changes one or two things in header and payload, signed rightly: what stays may be accepted or not. */
export function oddJwt(random, { key, header, payload }) {
  const changed = { header: { ...header }, payload: { ...payload } };
  for (let i = 1 + random.int(2); i > 0; i--) changeOne(random, changed);
  return signJwt(key, changed.header, changed.payload);
}

function changeOne(random, { header, payload }) {
  const names = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'htm', 'htu', 'ath', 'nonce', 'ref'];
  random.weighted([
    [4, () => Object.assign(header, random.pick(HEADER_EXTRAS)(random))],
    [4, () => Object.assign(payload, { [random.pick(names)]: oddJson(random) })],
    [4, () => Object.assign(payload, { [random.pick(['exp', 'nbf', 'iat'])]: random.pick(TIMES)() })],
    [2, () => Object.assign(payload, { aud: random.pick([[], [payload.aud], [payload.aud, 'x'], `${payload.aud}/`, [[payload.aud]]]) })],
    [2, () => delete payload[random.pick(names)]],
    [1, () => Object.assign(payload, { [oddText(random)]: oddJson(random) })],
  ])();
}
