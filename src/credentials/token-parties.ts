import { grantableScopes } from '../servers/scopes.js';
import type { ServerState } from '../servers/server-state.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import type { CredentialState, TokenParty } from './credential-state.js';

/** Finds a credential: at once where it is in memory, or after a read of the database. */
export type FindCredential = (clientId: string) => CredentialState | undefined | Promise<CredentialState | undefined>;

/** One credential that a token depends on, and what of the token it answers for. */
export interface Party {
  readonly token: TokenParty;
  readonly credential: CredentialState;
}

/** The credentials that an access token depends on: the client that has it and, where it was exchanged, those whose tokens were. */
export type Parties = readonly [Party, ...Party[]];

/** At once where all of them are in memory; undefined where one does not exist any more. */
export function findParties(claims: AccessTokenClaims, find: FindCredential): Parties | undefined | Promise<Parties | undefined> {
  const own = find(claims.client_id);
  if (!claims.via && !(own instanceof Promise)) return own && [{ token: claims, credential: own }];
  return findAll(claims, own, find);
}

async function findAll(claims: AccessTokenClaims, own: ReturnType<FindCredential>, find: FindCredential): Promise<Parties | undefined> {
  const credential = await own;
  if (!credential) return undefined;
  const parties: [Party, ...Party[]] = [{ token: claims, credential }];
  for (const token of claims.via ?? []) {
    const other = await find(token.client_id);
    if (!other) return undefined;
    parties.push({ token, credential: other });
  }
  return parties;
}

/** Why a token has ended before its time, or does not reach a server any more; undefined where it is good. */
export function findTokenEnd(parties: Parties | undefined, server: Pick<ServerState, 'id' | 'slug'>, now: number): string | undefined {
  if (!parties) return 'A credential that the token depends on does not exist';
  for (const { token, credential } of parties) {
    const end = credential.findEnd(token, now);
    if (end) return end;
    if ((token.server_id ?? server.id) !== server.id) return 'The token was issued for another server, which had this URL before';
    if (!credential.servers.includes(server.slug)) return 'The credential may not reach this server any more';
  }
  return undefined;
}

/** What is left of a token's scopes: one that any of its credentials has lost since is no longer the token's. */
export function scopesLeft({ scope }: AccessTokenClaims, parties: Parties, { scopes }: Pick<ServerState, 'scopes'>): string[] {
  const ceilings = parties.map(({ credential }) => grantableScopes(scopes, credential.scopes));
  return scope.split(' ').filter((name) => ceilings.every((ceiling) => ceiling.includes(name)));
}
