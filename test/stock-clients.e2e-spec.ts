import { generateKeyPairSync, type KeyObject, randomUUID, webcrypto } from 'node:crypto';
import {
  Client,
  ClientCredentialsProvider,
  PrivateKeyJwtProvider,
  StaticPrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import {
  ClientCredentialsProvider as OldSecretProvider,
  PrivateKeyJwtProvider as OldKeyProvider,
  StaticPrivateKeyJwtProvider as OldStaticProvider,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { DOCS_TOOLS } from './support/docs-tools.js';
import { type NewCredential, startTestGatehouse, type TestGatehouse } from './support/gatehouse.js';

const MCP = '/authed/mcp';
const ALGS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
type Alg = (typeof ALGS)[number];

let plain: TestGatehouse;
/** Demands a nonce in every DPoP proof. */
let strict: TestGatehouse;
let offset = 0;

beforeAll(async () => {
  // The SDK tells of every refused credential, which is what some of these journeys are about.
  jest.spyOn(console, 'warn').mockReturnValue(undefined);
  plain = await startTestGatehouse({ env: { REFRESH_TOKENS: 'on' }, clock: () => Date.now() + offset });
  strict = await startTestGatehouse({ env: { DPOP_NONCES: 'on', REFRESH_TOKENS: 'on' } });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await plain.remove();
  await strict.remove();
});

function newKey(alg: Alg): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** A credential that proves itself with a key, and that key. */
interface KeyedCredential extends Pick<NewCredential, 'id' | 'clientId'> {
  readonly alg: Alg;
  readonly privateKey: KeyObject;
}

async function createKeyed(gatehouse: TestGatehouse, alg: Alg, body: Record<string, unknown> = {}): Promise<KeyedCredential> {
  const { publicKey, privateKey } = newKey(alg);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg, use: 'sig' };
  const { id, clientId } = await gatehouse.createCredential({ authMethod: 'private_key_jwt', jwks: { keys: [jwk] }, ...body });
  return { id, clientId, alg, privateKey };
}

describe('the providers of the official SDKs, from URL, client id and key to a tool', () => {
  /** What the client has beside the URL and its id. */
  type Proof =
    | { readonly secret: string }
    | { readonly privateKey: string | Record<string, unknown>; readonly algorithm: string }
    | { readonly assertion: string };

  interface Connected {
    tools(): Promise<string[]>;
    call(name: string, args: Record<string, unknown>): Promise<unknown>;
  }

  type Connect = (clientId: string, proof: Proof) => Promise<Connected>;

  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const client of opened.splice(0)) await client.close();
  });

  const endpoint = (): string => `${plain.url}${MCP}`;

  const connectNew: Connect = async (clientId, proof) => {
    const client = new Client({ name: 'test', version: '1.0.0' });
    opened.push(client);
    await client.connect(new StreamableHTTPClientTransport(new URL(endpoint()), { authProvider: newProvider(clientId, proof) }));
    return {
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (name, args) => client.callTool({ name, arguments: args }),
    };
  };

  function newProvider(clientId: string, proof: Proof) {
    const common = { clientId, expectedIssuer: endpoint() };
    if ('secret' in proof) return new ClientCredentialsProvider({ ...common, clientSecret: proof.secret });
    if ('assertion' in proof) return new StaticPrivateKeyJwtProvider({ ...common, jwtBearerAssertion: proof.assertion });
    return new PrivateKeyJwtProvider({ ...common, ...proof });
  }

  const connectOld: Connect = async (clientId, proof) => {
    const client = new OldClient({ name: 'test', version: '1.0.0' });
    opened.push(client);
    await client.connect(new OldTransport(new URL(endpoint()), { authProvider: oldProvider(clientId, proof) }));
    return {
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (name, args) => client.callTool({ name, arguments: args }),
    };
  };

  function oldProvider(clientId: string, proof: Proof) {
    const common = { clientId, expectedIssuer: endpoint() };
    if ('secret' in proof) return new OldSecretProvider({ ...common, clientSecret: proof.secret });
    if ('assertion' in proof) return new OldStaticProvider({ ...common, jwtBearerAssertion: proof.assertion });
    return new OldKeyProvider({ ...common, ...proof });
  }

  const SDKS: readonly (readonly [string, Connect])[] = [
    ['SDK 1', connectOld],
    ['SDK 2', connectNew],
  ];

  const toProof = ({ alg, privateKey }: KeyedCredential): Proof => ({
    // The SDKs take Ed25519 keys as JWK only.
    privateKey: alg === 'EdDSA' ? privateKey.export({ format: 'jwk' }) : (privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
    algorithm: alg,
  });

  async function useTools(client: Connected): Promise<void> {
    expect(await client.tools()).toEqual(DOCS_TOOLS);
    const found = await client.call('search_docs', { query: 'zebra' });
    expect(found).toMatchObject({ structuredContent: { results: [{ path: 'guides/secrets' }] } });
  }

  const signAssertion = ({ clientId, alg, privateKey }: KeyedCredential): Promise<string> =>
    new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(endpoint())
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);

  describe.each(SDKS)('%s', (_name, connect) => {
    it('works with ClientCredentialsProvider (R-CLA-01)', async () => {
      const { clientId, clientSecret } = await plain.createCredential();
      await useTools(await connect(clientId, { secret: clientSecret }));
    });

    it.each(ALGS)('works with PrivateKeyJwtProvider and %s (R-CLA-05)', async (alg) => {
      const credential = await createKeyed(plain, alg);
      await useTools(await connect(credential.clientId, toProof(credential)));
    });

    it('signs itself a new assertion when its token has expired (R-CLA-13)', async () => {
      const credential = await createKeyed(plain, 'ES256', { tokenTtl: 60 });
      const client = await connect(credential.clientId, toProof(credential));
      await useTools(client);
      offset += 61_000;
      await useTools(client);
      offset = 0;
    });

    it('works with StaticPrivateKeyJwtProvider, whose assertion is good once (R-CLA-13)', async () => {
      const credential = await createKeyed(plain, 'ES256');
      const assertion = await signAssertion(credential);
      await useTools(await connect(credential.clientId, { assertion }));
      await expect(connect(credential.clientId, { assertion })).rejects.toThrow(/client authentication/i);
    });

    it('may show a static assertion again where its credential allows that (X-16)', async () => {
      const credential = await createKeyed(plain, 'ES256', { allowAssertionReuse: true });
      const assertion = await signAssertion(credential);
      await useTools(await connect(credential.clientId, { assertion }));
      await useTools(await connect(credential.clientId, { assertion }));
    });

    it('is refused with a key that is not registered, and with the client secret of another method (R-CLA-14, R-CLA-20)', async () => {
      const credential = await createKeyed(plain, 'ES256');
      const stranger = { ...credential, privateKey: newKey('ES256').privateKey };
      await expect(connect(credential.clientId, toProof(stranger))).rejects.toThrow(/client authentication/i);
      const { clientSecret } = await plain.createCredential();
      await expect(connect(credential.clientId, { secret: clientSecret })).rejects.toThrow(/client authentication/i);
    });
  });
});

/** How a client of an OAuth library authenticates. */
type Proof =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly key: webcrypto.CryptoKey };

interface Identity {
  readonly issuer: string;
  readonly clientId: string;
  readonly proof: Proof;
  /** Whether it proves possession of a key of its own (RFC 9449). */
  readonly isBound?: boolean;
}

/** What both libraries can do, after nothing but discovery. */
interface LibraryClient {
  readonly metadata: oauth.AuthorizationServer;
  token(): Promise<oauth.TokenEndpointResponse>;
  refresh(refreshToken: string): Promise<oauth.TokenEndpointResponse>;
  introspect(token: string): Promise<oauth.IntrospectionResponse>;
  revoke(token: string): Promise<void>;
  /** Sends a message to the MCP endpoint, in the scheme that the token is for. */
  call(token: string, message: object): Promise<Response>;
}

const MODERN = '2026-07-28';
const MCP_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': MODERN,
  'mcp-method': 'tools/list',
};
const LIST = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: { _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} } },
};

// The libraries mark their switch for loopback development as deprecated, so that it stands out: here it is meant.
const HTTP_ON_LOOPBACK = {
  [(oauth as unknown as Record<'allowInsecureRequests', symbol>).allowInsecureRequests]: true,
};

/** Sends again, once, where all that was missing is the server's nonce, which the handle has noted (RFC 9449 §8). */
async function withNonce<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return send();
  }
}

async function openOauth4webapi({ issuer, clientId, proof, isBound }: Identity): Promise<LibraryClient> {
  const url = new URL(issuer);
  const discovery = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...HTTP_ON_LOOPBACK });
  const server = await oauth.processDiscoveryResponse(url, discovery);
  const client: oauth.Client = { client_id: clientId };
  const auth = oauthAuth(proof);
  const options = isBound
    ? { ...HTTP_ON_LOOPBACK, DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')) }
    : { ...HTTP_ON_LOOPBACK };
  return {
    metadata: server,
    token: () =>
      withNonce(async () =>
        oauth.processClientCredentialsResponse(
          server,
          client,
          await oauth.clientCredentialsGrantRequest(server, client, auth, {}, options),
        ),
      ),
    refresh: (refreshToken) =>
      withNonce(async () =>
        oauth.processRefreshTokenResponse(
          server,
          client,
          await oauth.refreshTokenGrantRequest(server, client, auth, refreshToken, options),
        ),
      ),
    introspect: async (token) =>
      oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, auth, token, HTTP_ON_LOOPBACK)),
    revoke: async (token) => oauth.processRevocationResponse(await oauth.revocationRequest(server, client, auth, token, HTTP_ON_LOOPBACK)),
    call: (token, message) =>
      withNonce(() => oauth.protectedResourceRequest(token, 'POST', url, new Headers(MCP_HEADERS), JSON.stringify(message), options)),
  };
}

function oauthAuth(proof: Proof): oauth.ClientAuth {
  switch (proof.method) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(proof.secret);
    case 'client_secret_post':
      return oauth.ClientSecretPost(proof.secret);
    case 'private_key_jwt':
      return oauth.PrivateKeyJwt({ key: proof.key, kid: 'one' });
  }
}

async function openOpenidClient({ issuer, clientId, proof, isBound }: Identity): Promise<LibraryClient> {
  const url = new URL(issuer);
  const execute = [(openid as unknown as Record<'allowInsecureRequests', (config: openid.Configuration) => void>).allowInsecureRequests];
  const config = await openid.discovery(url, clientId, undefined, openidAuth(proof), { algorithm: 'oauth2', execute });
  const options = isBound ? { DPoP: openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256')) } : {};
  return {
    metadata: config.serverMetadata(),
    token: () => openid.clientCredentialsGrant(config, {}, options),
    refresh: (refreshToken) => openid.refreshTokenGrant(config, refreshToken, {}, options),
    introspect: (token) => openid.tokenIntrospection(config, token),
    revoke: (token) => openid.tokenRevocation(config, token),
    call: (token, message) =>
      openid.fetchProtectedResource(config, token, url, 'POST', JSON.stringify(message), new Headers(MCP_HEADERS), options),
  };
}

function openidAuth(proof: Proof): openid.ClientAuth {
  switch (proof.method) {
    case 'client_secret_basic':
      return openid.ClientSecretBasic(proof.secret);
    case 'client_secret_post':
      return openid.ClientSecretPost(proof.secret);
    case 'private_key_jwt':
      return openid.PrivateKeyJwt({ key: proof.key, kid: 'one' });
  }
}

const WEB_CRYPTO: Readonly<Record<Alg, webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams | { name: string }>> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
};

const toCryptoKey = ({ alg, privateKey }: KeyedCredential): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', privateKey.export({ format: 'der', type: 'pkcs8' }), WEB_CRYPTO[alg], false, ['sign']);

const WAYS: readonly (readonly [
  string,
  (gatehouse: TestGatehouse, body?: Record<string, unknown>) => Promise<Identity & { id: string }>,
])[] = [
  ['client_secret_basic', (gatehouse, body) => createSecretIdentity(gatehouse, 'client_secret_basic', body)],
  ['client_secret_post', (gatehouse, body) => createSecretIdentity(gatehouse, 'client_secret_post', body)],
  ...ALGS.map(
    (alg) =>
      [
        // For EdDSA these libraries write the newer name, Ed25519 (RFC 9864).
        `private_key_jwt, ${alg}`,
        (gatehouse: TestGatehouse, body?: Record<string, unknown>) => createKeyIdentity(gatehouse, alg, body),
      ] as const,
  ),
];

async function createSecretIdentity(gatehouse: TestGatehouse, method: 'client_secret_basic' | 'client_secret_post', body = {}) {
  const { id, clientId, clientSecret } = await gatehouse.createCredential(body);
  return { id, issuer: `${gatehouse.url}${MCP}`, clientId, proof: { method, secret: clientSecret } };
}

async function createKeyIdentity(gatehouse: TestGatehouse, alg: Alg, body = {}) {
  const credential = await createKeyed(gatehouse, alg, body);
  const proof = { method: 'private_key_jwt', key: await toCryptoKey(credential) } as const;
  return { id: credential.id, issuer: `${gatehouse.url}${MCP}`, clientId: credential.clientId, proof };
}

const LIBRARIES = [
  ['oauth4webapi', openOauth4webapi],
  ['openid-client', openOpenidClient],
] as const;

async function toolsOf(response: Response): Promise<string[]> {
  expect(response.status).toBe(200);
  const { result } = (await response.json()) as { result: { tools: { name: string }[] } };
  return result.tools.map(({ name }) => name);
}

describe.each(LIBRARIES)('%s', (_library, open) => {
  /** A client that may introspect, as a resource server would. */
  const openResourceServer = async (gatehouse: TestGatehouse): Promise<LibraryClient> =>
    open(await createSecretIdentity(gatehouse, 'client_secret_basic', { introspects: ['docs'] }));

  it('finds every endpoint from the issuer (RFC 8414 §3)', async () => {
    const { metadata } = await open(await createSecretIdentity(plain, 'client_secret_basic'));
    const issuer = `${plain.url}${MCP}`;
    expect(metadata).toMatchObject({
      issuer,
      token_endpoint: `${issuer}/oauth/token`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
    });
  });

  it.each(WAYS)('gets, uses, checks, refreshes and revokes a token: %s', async (_way, create) => {
    const client = await open(await create(plain));
    const resourceServer = await openResourceServer(plain);
    const first = await client.token();
    expect(first).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'mcp:search mcp:read' });
    expect(await toolsOf(await client.call(first.access_token, LIST))).toEqual(DOCS_TOOLS);
    const { aud, iss } = decodeJwt(first.access_token);
    expect(await resourceServer.introspect(first.access_token)).toMatchObject({ active: true, aud, iss, token_type: 'Bearer' });
    const second = await client.refresh(first.refresh_token ?? '');
    expect(await toolsOf(await client.call(second.access_token, LIST))).toEqual(DOCS_TOOLS);
    await client.revoke(second.access_token);
    expect(await resourceServer.introspect(second.access_token)).toEqual({ active: false });
    await expect(client.call(second.access_token, LIST)).rejects.toMatchObject({ status: 401 });
    // The first token is one of its own.
    expect(await toolsOf(await client.call(first.access_token, LIST))).toEqual(DOCS_TOOLS);
  });

  it('ends a refresh token with every token of its family (R-REV-05)', async () => {
    const client = await open(await createSecretIdentity(plain, 'client_secret_basic'));
    const { access_token, refresh_token = '' } = await client.token();
    await client.revoke(refresh_token);
    await expect(client.refresh(refresh_token)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    await expect(client.call(access_token, LIST)).rejects.toMatchObject({ status: 401 });
  });

  it('reads the error where its secret is wrong (R-CLA-19)', async () => {
    const identity = await createSecretIdentity(plain, 'client_secret_basic');
    const other = await createSecretIdentity(plain, 'client_secret_basic');
    const client = await open({ ...identity, proof: other.proof });
    // The libraries read the challenge, and leave the body alone then.
    await expect(client.token()).rejects.toMatchObject({ status: 401, cause: [{ scheme: 'basic', parameters: { realm: 'token' } }] });
  });

  it('is refused introspection unless its credential may (R-INT-01)', async () => {
    const client = await open(await createSecretIdentity(plain, 'client_secret_basic'));
    const { access_token } = await client.token();
    await expect(client.introspect(access_token)).rejects.toMatchObject({ error: 'unauthorized_client', status: 403 });
  });

  describe.each([
    ['without nonces', () => plain],
    ['with nonces (R-DPP-09)', () => strict],
  ] as const)('with DPoP, %s', (_mode, gatehouse) => {
    it.each(WAYS)('gets and refreshes a bound token, which introspection describes (R-DPP-03): %s', async (_way, create) => {
      const client = await open({ ...(await create(gatehouse(), { dpopRequired: true })), isBound: true });
      const resourceServer = await openResourceServer(gatehouse());
      const first = await client.token();
      expect(first.token_type).toBe('dpop');
      const { cnf } = decodeJwt(first.access_token);
      expect(await resourceServer.introspect(first.access_token)).toMatchObject({ active: true, token_type: 'DPoP', cnf });
      const second = await client.refresh(first.refresh_token ?? '');
      expect(decodeJwt(second.access_token)['cnf']).toEqual(cnf);
      await client.revoke(second.access_token);
      expect(await resourceServer.introspect(second.access_token)).toEqual({ active: false });
    });

    it('calls a tool with the DPoP scheme, again and again (R-DPP-05)', async () => {
      const client = await open({ ...(await createSecretIdentity(gatehouse(), 'client_secret_basic')), isBound: true });
      const { access_token } = await client.token();
      for (let i = 0; i < 3; i++) expect(await toolsOf(await client.call(access_token, LIST))).toEqual(DOCS_TOOLS);
    });
  });

  it('cannot use a bound token without the key it is bound to (R-DPP-05, R-DPP-06)', async () => {
    const identity = await createSecretIdentity(plain, 'client_secret_basic');
    const [owner, thief, bearer] = await Promise.all([
      open({ ...identity, isBound: true }),
      open({ ...identity, isBound: true }),
      open(identity),
    ]);
    const { access_token } = await owner.token();
    await expect(thief.call(access_token, LIST)).rejects.toMatchObject({ status: 401 });
    await expect(bearer.call(access_token, LIST)).rejects.toMatchObject({ status: 401 });
    expect(await toolsOf(await owner.call(access_token, LIST))).toEqual(DOCS_TOOLS);
  });

  it('gets no token without a proof where its credential asks for one (R-DPP-04)', async () => {
    const client = await open(await createSecretIdentity(plain, 'client_secret_basic', { dpopRequired: true }));
    await expect(client.token()).rejects.toMatchObject({ error: 'invalid_dpop_proof', status: 400 });
  });
});
