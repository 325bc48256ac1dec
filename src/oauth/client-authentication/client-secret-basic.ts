import { invalidRequest } from '../token-form.js';
import { type AuthenticatedClient, type ClientAuthenticationMethod, type ClientRequest, invalidClient } from './client-authentication.js';
import type { SecretVerifier } from './verify-secret.js';

const SCHEME = /^basic +/i;

/** `client_secret_basic`: id and secret in the `Authorization` header, each form-encoded on its own (RFC 6749 §2.3.1). */
export class ClientSecretBasic implements ClientAuthenticationMethod {
  readonly names = ['client_secret_basic'];

  constructor(private readonly verifier: SecretVerifier) {}

  isUsedBy({ raw }: ClientRequest): boolean {
    return raw.authorization.some((header) => SCHEME.test(header));
  }

  claimedClientId({ raw }: ClientRequest): string | undefined {
    return parseBasic(raw.authorization[0] ?? '')?.clientId;
  }

  authenticate({ form, raw }: ClientRequest): Promise<AuthenticatedClient> {
    const parsed = parseBasic(raw.authorization[0] ?? '');
    if (!parsed) throw invalidClient('The Basic header cannot be read');
    const clientId = form.get('client_id');
    if (clientId !== undefined && clientId !== parsed.clientId) {
      throw invalidRequest('The client_id of the body is not that of the Authorization header.');
    }
    return this.verifier.verify({ address: raw.address, method: 'client_secret_basic', ...parsed });
  }
}

/** Splits at the first colon, then decodes each half (`+` and `%XX`). Undefined where the header is malformed. */
export function parseBasic(header: string): { clientId: string; secret: string } | undefined {
  const encoded = header.replace(SCHEME, '').trim();
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const clientId = formDecode(text.slice(0, colon));
  const secret = formDecode(text.slice(colon + 1));
  return clientId && secret ? { clientId, secret } : undefined;
}

function formDecode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // A malformed escape: the header is refused as a whole, and its value goes nowhere.
    return undefined;
  }
}
