// A Gatehouse in this process, on a SQLite database of its own, with limits that let a flood through.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../tools/free-port.mjs';

const MANY = '1000000000';
const PASSWORD = `admin-${randomBytes(12).toString('hex')}`;
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** Requests an hour of the credential that is to run into its limit. */
const FEW = 5;

/**
 * Starts one installation.
 * @param {{ startGatehouse: Function, loadConfig: Function, isOverHttp?: boolean }} application what `dist` or the tests' own build
 *   exports; over HTTP where `inject` cannot be loaded
 * @param {Record<string, string>} variables on top of what every installation gets
 */
export async function openInstallation({ startGatehouse, loadConfig, isOverHttp = false }, variables = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-fuzz-'));
  const port = await freePort();
  const gatehouse = await startGatehouse(
    loadConfig({
      PORT: String(port),
      DATA_DIR: dir,
      DOCS_DIR: 'docs',
      ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'error',
      REFRESH_TOKENS: 'on',
      OPTIONAL_GRANTS: 'jwt-bearer, token-exchange',
      TRUST_PROXY: '127.0.0.0/8',
      CLIENT_CERT_HEADER: 'client-cert',
      RATE_LIMIT_TOKEN_PER_ADDRESS: MANY,
      RATE_LIMIT_TOKEN_FAILURES: MANY,
      RATE_LIMIT_LEAK_REPORTS: MANY,
      ...variables,
    }),
  );
  const send = isOverHttp ? overHttp(port) : overInject(gatehouse.app.getHttpAdapter().getInstance());
  const admin = async (method, path, body) => {
    const { status, text } = await send({
      method,
      url: `/api/v1${path}`,
      headers: {
        authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { payload: JSON.stringify(body) } : {}),
    });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
  return {
    issuer: `http://localhost:${port}/authed/mcp`,
    port,
    /** How `send` does it. */
    via: isOverHttp ? 'http' : 'inject',
    /** Sends `{ method, url, headers, payload }`. */
    send,
    admin,
    /** Every byte that is on its disk. */
    readDisk: () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name, parentPath }) => ({ name, bytes: readFileSync(join(parentPath, name)) })),
    close: async () => {
      await gatehouse.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const overInject = (fastify) => async (message) => {
  const { statusCode, headers, body } = await fastify.inject(message);
  return { status: statusCode, headers, text: body };
};

function overHttp(port) {
  const agent = new Agent({ keepAlive: true });
  return ({ method, url, headers, payload = '' }) =>
    new Promise((resolve, reject) => {
      const fields = { ...headers, 'content-length': Buffer.byteLength(payload) };
      const request = httpRequest({ port, host: '127.0.0.1', agent, method, path: url, headers: fields });
      request.on('error', reject);
      request.on('response', (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString('utf8') }),
        );
      });
      request.end(payload);
    });
}

/** Serves JWK Sets on the loopback: good ones, and what is none. */
export async function openKeyServer(keys) {
  const answers = {
    '/jwks': [200, JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })],
    '/garbage': [200, '{"keys":[null,7,{"kty":"oct","k":"AA"},{"kty":"EC","crv":"P-256","x":"!","y":[]}],"keys":{}'],
    '/error': [500, ''],
  };
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url] ?? [404, ''];
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

const KEY_KINDS = [
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['EdDSA', () => generateKeyPairSync('ed25519')],
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
];

/** Key pairs of every kind that clients sign with: `{ alg, kid, jwk, privateKey }`. */
export function makeKeys(prefix) {
  return KEY_KINDS.map(([alg, make]) => {
    const { publicKey, privateKey } = make();
    const kid = `${prefix}-${alg}`;
    return { alg, kid, jwk: { ...publicKey.export({ format: 'jwk' }), kid }, privateKey };
  });
}

/** A certificate for `self_signed_tls_client_auth`, as a proxy passes it on (RFC 9440): header value and public JWK. */
export function makeCertificate() {
  const pem = execFileSync(
    'openssl',
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=fuzz -days 30'.split(' '),
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const certificate = new X509Certificate(pem);
  return { header: `:${certificate.raw.toString('base64')}:`, jwk: certificate.publicKey.export({ format: 'jwk' }) };
}

/**
 * Credentials of every kind that the token endpoint tells apart, by what is peculiar to them. Those that are dead are dead already.
 * @param keys of {@link makeKeys}, the first three registered; @param keyServer of {@link openKeyServer}
 */
export async function createCredentials({ admin }, { keys, keyServer, certificate }) {
  const create = async (kind, body = {}) => ({ kind, ...(await admin('POST', '/credentials', { label: `fuzz ${kind}`, ...body })) });
  const keyed = { authMethod: 'private_key_jwt', jwks: { keys: keys.map(({ jwk }) => jwk) } };
  const trust = { issuer: keyServer.url, jwksUri: `${keyServer.url}/jwks`, subject: 'job:*', claims: { ref: ['refs/heads/*', 'main'] } };
  const live = [
    await create('plain'),
    await create('resource server', { introspects: ['docs'] }),
    await create('strict', { strictScope: true, scopes: ['mcp:search'] }),
    await create('dpop', { dpopRequired: true }),
    await create('exchange', { grantTypes: ['client_credentials', TOKEN_EXCHANGE] }),
    await create('few', { tokensPerHour: FEW }),
    await create('no refresh', { issueRefreshToken: false, tokenTtl: 60 }),
    await create('far away', { allowedIps: ['10.0.0.0/8'] }),
    await create('certificate bound', { certificateBound: true }),
    await create('key', keyed),
    await create('key, old audience', { ...keyed, acceptTokenEndpointAudience: true, allowAssertionReuse: true, introspects: ['docs'] }),
    await create('key set', { authMethod: 'private_key_jwt', jwksUri: `${keyServer.url}/jwks` }),
    await create('broken key set', { authMethod: 'private_key_jwt', jwksUri: `${keyServer.url}/garbage` }),
    await create('absent key set', { authMethod: 'private_key_jwt', jwksUri: `${keyServer.url}/error` }),
    await create('workload', { authMethod: 'workload_identity', trust }),
    await create('workload, once', { authMethod: 'workload_identity', singleUseAssertion: true, trust: { ...trust, subject: 'once:*' } }),
    await create('certificate', { authMethod: 'self_signed_tls_client_auth', jwks: { keys: [certificate.jwk] } }),
  ];
  const disabled = await create('disabled');
  await admin('POST', `/credentials/${disabled.id}/disable`);
  const deleted = await create('deleted');
  await admin('DELETE', `/credentials/${deleted.id}`);
  const leaked = await create('leaked');
  return { live, dead: [disabled, deleted], leaked };
}
