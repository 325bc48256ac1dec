import { hideSecrets } from '../common/secret-format.js';
import type { LeakReport } from '../credentials/credentials.service.js';
import type { RequestGate } from './request-gate.js';
import { invalidRequest, parseTokenForm, type RawTokenRequest } from './token-form.js';

const MAX_SOURCE_LENGTH = 500;
const MAX_SECRET_LENGTH = 1000;

export interface LeakEndpointOptions {
  readonly gate: RequestGate;
  /** Ends the secret where there is such a one. */
  readonly endSecret: (secret: string, report: LeakReport) => Promise<boolean>;
}

/**
 * Takes reports of secrets that were found in the open. Anyone may report: who holds a secret could do worse with it. The answer says
 * nothing of whether it existed.
 */
export class LeakEndpoint {
  constructor(private readonly options: LeakEndpointOptions) {}

  /** @throws {OAuthError} `invalid_request` without `secret`, 429 for too many reports of an address, 503. */
  async report(raw: RawTokenRequest): Promise<void> {
    await this.options.gate.limitAddress(raw.address);
    const form = parseTokenForm(raw);
    this.options.gate.requireFreshState();
    // A scanner may send the line that it stood on.
    const secret = form.require('secret').trim();
    const source = form.get('source');
    if (secret.length > MAX_SECRET_LENGTH) throw invalidRequest('The secret is too long to be one.');
    if (source !== undefined && source.length > MAX_SOURCE_LENGTH) throw invalidRequest('The source is too long.');
    // Where it was found may stand beside other secrets.
    await this.options.endSecret(secret, { address: raw.address, source: source === undefined ? undefined : hideSecrets(source) });
  }
}
