import type { CredentialState } from '../../credentials/credential-state.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { invalidClient } from './client-authentication.js';

/** The credential with a client id, at once where it is in memory. */
export type FindCredential = (clientId: string) => CredentialState | undefined | Promise<CredentialState | undefined>;

/** Finds a credential. @throws {OAuthError} `temporarily_unavailable` where the database cannot be asked. */
export function load(find: FindCredential, clientId: string): ReturnType<FindCredential> {
  const found = find(clientId);
  return found instanceof Promise ? found.catch(rejectAsUnavailable) : found;
}

/** Why a credential that is off, over, or comes from where it may not gets no token; undefined where it may have one. */
export function whyUnusable(credential: CredentialState, address: string, now: number): string | undefined {
  if (!credential.isLive(now)) return 'The credential is disabled or has expired';
  if (!credential.allows(address)) return 'The credential may not come from this address';
  return undefined;
}

/** @throws {OAuthError} `invalid_client` where there is such a reason. */
export function requireUsable(credential: CredentialState, address: string, now: number): void {
  const reason = whyUnusable(credential, address, now);
  if (reason !== undefined) throw invalidClient(reason);
}

/** The database cannot be asked, and nothing in memory answers: the client may come again. */
export function rejectAsUnavailable(cause: unknown): never {
  throw new OAuthError('temporarily_unavailable', 'Not available at the moment. Try again soon.', {
    detail: 'The state could not be loaded',
    cause,
    headers: { 'retry-after': '5' },
  });
}
