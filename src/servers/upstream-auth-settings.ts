import { invalidField } from './invalid-field.js';
import { findHeaderFault } from './header-names.js';
import type { UpstreamAuthDto } from './upstream-auth.dto.js';
import type { UpstreamAuth, UpstreamSecrets } from './upstream.js';

/** How an upstream is signed in to, and with what. */
export interface AuthParts {
  readonly auth: UpstreamAuth;
  readonly secrets: UpstreamSecrets;
}

export const NO_AUTH: AuthParts = { auth: { type: 'none' }, secrets: {} };

type Input<T extends UpstreamAuth['type']> = Extract<UpstreamAuthDto, { type: T }>;
type TokenEndpointAuth = Extract<UpstreamAuth, { tokenUrl: string }>;
type TokenEndpointInput = Input<'client_credentials' | 'token_exchange'>;

/**
 * The parts after a change. What is absent stays, `null` takes away; another type starts anew, and so does another token endpoint,
 * since the secret would go there.
 * @throws {ProblemError} `validation_failed` where something is missing.
 */
export function changeAuth(present: AuthParts, input: UpstreamAuthDto, checkUrl: (url: string) => URL): AuthParts {
  const before = present.auth.type === input.type ? present : NO_AUTH;
  switch (input.type) {
    case 'none':
      return NO_AUTH;
    case 'bearer':
      return changeBearer(before, input);
    case 'headers':
      return changeHeaders(before, input);
    case 'client_credentials':
    case 'token_exchange':
      return changeTokenEndpoint(before, input, checkUrl);
  }
}

function changeBearer({ secrets }: AuthParts, { token = secrets.token }: Input<'bearer'>): AuthParts {
  if (token === undefined) throw missing('token', 'bearer needs a token');
  return { auth: { type: 'bearer' }, secrets: { token } };
}

function changeHeaders({ secrets }: AuthParts, { headers: changed = {} }: Input<'headers'>): AuthParts {
  const headers: Record<string, string> = { ...secrets.headers };
  for (const [written, value] of Object.entries(changed)) {
    const name = written.toLowerCase();
    const fault = findHeaderFault(name);
    if (fault !== undefined) throw invalidField('upstream.auth.headers', `It cannot be used: ${fault}.`);
    if (value === null) Reflect.deleteProperty(headers, name);
    else headers[name] = value;
  }
  const names = Object.keys(headers).sort();
  if (names.length === 0) throw missing('headers', 'headers needs at least one header with its value');
  return { auth: { type: 'headers', names }, secrets: { headers } };
}

function changeTokenEndpoint({ auth, secrets }: AuthParts, input: TokenEndpointInput, checkUrl: (url: string) => URL): AuthParts {
  const known = 'tokenUrl' in auth ? auth : undefined;
  const settings = mergeTokenEndpoint(known, input);
  const { origin } = checked(settings.tokenUrl, checkUrl);
  const stays = known !== undefined && new URL(known.tokenUrl).origin === origin;
  const clientSecret = input.clientSecret ?? (stays ? secrets.clientSecret : undefined);
  if (clientSecret === undefined) throw missing('clientSecret', `${input.type} needs a clientSecret`);
  return { auth: settings, secrets: { clientSecret } };
}

function mergeTokenEndpoint(known: TokenEndpointAuth | undefined, { clientSecret: _, ...input }: TokenEndpointInput): TokenEndpointAuth {
  const said: [string, unknown][] = Object.entries({ ...known, ...withoutAbsent(input) });
  const settings = Object.fromEntries(said.filter(([, value]) => value !== null)) as Partial<TokenEndpointAuth>;
  if (settings.tokenUrl === undefined) throw missing('tokenUrl', `${input.type} needs a tokenUrl`);
  if (settings.clientId === undefined) throw missing('clientId', `${input.type} needs a clientId`);
  return settings as TokenEndpointAuth;
}

const withoutAbsent = (fields: object): object => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function checked(tokenUrl: string, checkUrl: (url: string) => URL): URL {
  try {
    return checkUrl(tokenUrl);
  } catch (error) {
    throw invalidField('upstream.auth.tokenUrl', `It cannot be used: ${(error as Error).message}.`);
  }
}

const missing = (field: string, what: string) =>
  invalidField(`upstream.auth.${field}`, `${what}. Secrets do not move along to another type or host: write them again.`);
