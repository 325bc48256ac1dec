// What requests are made of: an installation, its credentials and keys, and the tokens that it gave so far.
import { createCredentials, makeCertificate, makeKeys, openInstallation, openKeyServer } from './installation.mjs';
import { signJwt, thumbprintInput } from './jwt.mjs';
import { Ring } from './ring.mjs';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Starts an installation with everything in it; `variables` are its own settings. */
export async function openScene(application, variables) {
  const keys = makeKeys('registered');
  const certificate = makeCertificate();
  const keyServer = await openKeyServer(keys);
  const installation = await openInstallation(application, variables);
  const { live, dead, leaked } = await createCredentials(installation, { keys, keyServer, certificate });
  return {
    installation,
    keys,
    certificate,
    live,
    dead,
    leaked,
    proofKeys: makeKeys('proof'),
    workloadIssuer: keyServer.url,
    tokens: new Ring(),
    refreshTokens: new Ring(),
    nonce: undefined,
    /** Those that belong to a kind of credential, e.g. `key`. */
    find: (kind) => live.find((credential) => credential.kind === kind),
    close: async () => {
      await installation.close();
      await keyServer.close();
    },
  };
}

/** Random enough to be unique in a run, whatever its seed. */
let count = 0;
const uniqueId = (random) => `${random.text(8)}${process.hrtime.bigint().toString(36)}${count++}`;
const now = () => Math.floor(Date.now() / 1000);

/** The parts of a good client assertion (RFC 7523 §3). RSA is rare: signing with it is slow. */
export function clientAssertion(random, scene, credential) {
  const key = pickKey(random, scene.keys);
  const id = credential.clientId;
  const payload = { iss: id, sub: id, aud: scene.installation.issuer, jti: uniqueId(random), iat: now(), exp: now() + 300 };
  return { key, header: { alg: key.alg, kid: key.kid, typ: 'JWT' }, payload };
}

/** The parts of a good token of the platform that the workload credentials trust. */
export function workloadAssertion(random, scene) {
  const key = pickKey(random, scene.keys);
  const payload = {
    iss: scene.workloadIssuer,
    sub: random.pick(['job:1', 'job:', 'once:1']),
    aud: scene.installation.issuer,
    ref: random.pick(['main', 'refs/heads/x', ['x', 'main']]),
    jti: uniqueId(random),
    iat: now(),
    exp: now() + 300,
  };
  return { key, header: { alg: key.alg, kid: key.kid }, payload };
}

/** The parts of a good DPoP proof for the token endpoint (RFC 9449 §4.2). */
export function dpopProof(random, scene, token) {
  const key = pickKey(random, scene.proofKeys);
  const payload = {
    jti: uniqueId(random),
    htm: 'POST',
    htu: `${scene.installation.issuer}/oauth/token`,
    iat: now(),
    ...(scene.nonce === undefined || random.chance(10) ? {} : { nonce: scene.nonce }),
    ...(token === undefined ? {} : { ath: thumbprintInput(token) }),
  };
  const { kid: _, ...jwk } = key.jwk;
  return { key, header: { typ: 'dpop+jwt', alg: key.alg, jwk }, payload };
}

export const signed = ({ key, header, payload }) => signJwt(key, header, payload);

const pickKey = (random, [ec, okp, rsa]) =>
  random.weighted([
    [60, ec],
    [38, okp],
    [2, rsa],
  ]);
