import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ProofAlg, type ProofSigner, proofSigner, signJws } from './dpop.js';

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** A key pair of a client or of a platform, and the name that it goes by. */
export interface TestKey extends ProofSigner {
  readonly kid: string;
}

export type Members = Readonly<Record<string, unknown>>;

export const testKey = (alg: ProofAlg = 'ES256', kid: string = randomUUID()): TestKey => ({ ...proofSigner(alg), kid });

/** The public half, as one would register it. */
export const publicJwk = ({ jwk, kid, alg }: TestKey): Members => ({ ...jwk, kid, alg, use: 'sig' });

/** The private half too, as nobody should register it. */
export const privateJwk = (key: TestKey): Members => ({ ...publicJwk(key), ...key.privateKey.export({ format: 'jwk' }) });

export const jwksOf = (...keys: TestKey[]): { keys: Members[] } => ({ keys: keys.map(publicJwk) });

/** Signs whatever the claims say; `undefined` leaves a member out. */
export const signAssertion = (key: TestKey, claims: Members, header: Members = {}): string =>
  signJws(key, { alg: key.alg, typ: 'JWT', kid: key.kid, ...header }, claims);

/** What a client says of itself, fresh and good for five minutes (RFC 7523 §3). */
export function clientClaims(clientId: string, issuer: string, more: Members = {}): Members {
  const now = seconds();
  return { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now, exp: now + 300, ...more };
}

/** Now, in seconds since the Unix epoch. */
export const seconds = (): number => Math.floor(Date.now() / 1000);

/** A platform that signs tokens for its workloads: a server that tells its keys, and counts who asks. */
export interface TestIssuer {
  /** Its issuer identifier, also where it serves. */
  readonly url: string;
  readonly jwksUri: string;
  /** The paths that were asked for, in their order. */
  readonly requests: string[];
  /** Which keys it tells from now on. */
  publish(...keys: TestKey[]): void;
  /** What a path answers with from now on. */
  answer(path: string, status: number, body: unknown, headers?: Record<string, string>): void;
  close(): Promise<void>;
}

interface Scripted {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

export async function startTestIssuer(...keys: TestKey[]): Promise<TestIssuer> {
  const requests: string[] = [];
  const answers = new Map<string, Scripted>();
  const server = createServer(({ url = '' }, response) => {
    requests.push(url);
    const { status, body, headers } = answers.get(url) ?? { status: 404, body: {}, headers: {} };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  const url = await listen(server);
  const jwksUri = `${url}/jwks`;
  const answer: TestIssuer['answer'] = (path, status, body, headers = {}) => void answers.set(path, { status, body, headers });
  const publish = (...published: TestKey[]): void => answer('/jwks', 200, jwksOf(...published));
  answer('/.well-known/openid-configuration', 200, { issuer: url, jwks_uri: jwksUri });
  publish(...keys);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, jwksUri, requests, publish, answer, close };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
