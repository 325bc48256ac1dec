import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

export const CLIENT = { id: 'gatehouse', secret: 'a-secret-that-only-two-know' };

/** Somebody who signs in there. */
export interface Person {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** A real OpenID Connect provider, in which whoever is `present` signs in without being asked. */
export interface IdentityProvider {
  readonly issuer: string;
  /** Null refuses. */
  present: Person | null;
  /** What it was asked for, by path. */
  readonly requests: string[];
  close(): Promise<void>;
}

export interface ProviderOptions {
  readonly gatehouseUrl: string;
  /** Where one stood before; by default any free one. */
  readonly port?: number;
  /** Puts claims into the ID token too; by default they are at the userinfo endpoint only. */
  readonly claimsInIdToken?: boolean;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
}

export async function startIdentityProvider(options: ProviderOptions): Promise<IdentityProvider> {
  const server = createServer().listen(options.port ?? 0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, Person>();
  const provider = createProvider(issuer, people, options);
  const result: IdentityProvider = { issuer, present: null, requests: [], close: () => end(server) };
  const callback = provider.callback();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    result.requests.push(`${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`);
    if (!request.url?.startsWith('/interaction/')) return void callback(request, response);
    if (result.present) people.set(result.present.sub, result.present);
    await interact(provider, { request, response }, result.present);
  };
  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  return result;
}

function createProvider(issuer: string, people: ReadonlyMap<string, Person>, options: ProviderOptions): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${options.gatehouseUrl}/dashboard/sign-in/oidc/callback`],
        post_logout_redirect_uris: [`${options.gatehouseUrl}/dashboard/sign-in`],
        token_endpoint_auth_method: options.authMethod ?? 'client_secret_basic',
      },
    ],
    clientAuthMethods: [options.authMethod ?? 'client_secret_basic'],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups', 'realm_access'] },
    conformIdTokenClaims: options.claimsInIdToken !== true,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...people.get(id), sub: id }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    cookies: { keys: ['a key of this test'] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
  });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function interact(provider: Provider, { request, response }: Exchange, person: Person | null): Promise<void> {
  if (!person) return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'no' });
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId: person.sub, remember: false } });
  const grant = new provider.Grant({ accountId: person.sub, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

async function end(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
