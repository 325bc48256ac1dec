import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { JWTPayload } from 'jose';
import { AuditService, type EventInput } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { LogLine } from '../common/log-line.js';
import { hideSecrets } from '../common/secret-format.js';
import type { CredentialState } from '../credentials/credential-state.js';
import { CredentialDirectory } from '../credentials/credential-directory.service.js';
import { LastUsed } from '../credentials/last-used.service.js';
import { OverFetching } from '../credentials/over-fetching.service.js';
import type { OAuthError } from '../protocol/oauth-error.js';
import { addressKey } from '../rate-limit/address-key.js';
import { readAssertion } from './assertion.js';
import { parseBasic } from './client-authentication/client-secret-basic.js';
import { RefusalLog, type RefusalSum } from './refusal-log.js';
import type { Issue, TokenRecorder } from './token-endpoint.js';
import type { RawTokenRequest, TokenForm } from './token-form.js';

/** Only ids of our own making: a client that mixes up its fields must not put its secret into the trail. */
const CLIENT_ID = /^mcc_[a-z0-9]{26}$/;
const MAX_CLAIM_LENGTH = 200;

/** Puts issued and refused tokens into the audit trail. */
@Injectable()
export class AuditTokenRecorder implements TokenRecorder, BeforeApplicationShutdown {
  private readonly logger = new Logger('TokenEndpoint');
  private readonly refusals = new RefusalLog((sum) => this.noteSum(sum));
  private isEnding = false;

  constructor(
    private readonly audit: AuditService,
    private readonly credentials: CredentialDirectory,
    private readonly lastUsed: LastUsed,
    private readonly overFetching: OverFetching,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    audit.addWriter(() => Promise.resolve(this.refusals.sweep()));
  }

  /** Nothing that was counted is lost. */
  beforeApplicationShutdown(): void {
    this.isEnding = true;
    this.refusals.sweep(true);
  }

  issued({ authorization, grantType, server, issued: { claims }, address, isOverFetch }: Issue): void {
    const { credential, authId, method, delegation } = authorization;
    const { jti, scope, cnf } = claims;
    const detail = { jti, scope, expiresIn: claims.exp - claims.iat, grantType, method, authId, cnf, actsFor: delegation?.subject };
    this.audit.note({
      kind: 'token.issued',
      credentialId: credential.id,
      clientId: credential.clientId,
      server: server.slug,
      address,
      detail,
    });
    const at = this.clock();
    this.lastUsed.note(authId, { credentialId: credential.id, at, address });
    if (isOverFetch) this.overFetching.note(credential.id, at);
  }

  refused(
    error: OAuthError,
    { authorization, address, requestId }: RawTokenRequest,
    form: TokenForm | undefined,
    proved?: CredentialState,
  ): void {
    // A nonce that is asked for is a step of the way, no refusal (RFC 9449 §8).
    if (error.code === 'use_dpop_nonce') return;
    const claimed = claimedClientId(form, authorization);
    const clientId = claimed !== undefined && CLIENT_ID.test(claimed) ? claimed : undefined;
    const detail = {
      error: error.code,
      reason: error.detail,
      ...(error.status === 429 ? { limited: proved ? 'credential' : 'address' } : {}),
      ...claimsOf(form),
    };
    const credentialId = this.idOf(clientId);
    this.noteRefusal({ kind: 'token.refused', credentialId, clientId, address, detail });
    if (error.cause) this.logger.warn(new LogLine(`${error.message}: ${(error.cause as Error).message}`, { requestId, credentialId }));
  }

  /** One by one as long as they are few (by address as limits count it), then only counted. */
  private noteRefusal(event: EventInput): void {
    const origin = { address: addressKey(event.address ?? ''), credentialId: event.credentialId };
    if (this.isEnding || this.refusals.admits(origin)) this.audit.note(event);
    else this.audit.count(event);
  }

  private noteSum({ address, credentialId, count }: RefusalSum): void {
    this.audit.note({ kind: 'token.refused_more', credentialId, address, detail: { count } });
  }

  /** Only where it is in memory: nothing waits for an event. */
  private idOf(clientId: string | undefined): string | undefined {
    const found = clientId === undefined ? undefined : this.credentials.find(clientId);
    if (!(found instanceof Promise)) return found?.id;
    found.catch(() => undefined); // the request itself has seen that the database is away
    return undefined;
  }
}

/** Of whichever method; nothing of it is proved. */
function claimedClientId(form: TokenForm | undefined, authorization: readonly string[]): string | undefined {
  return form?.get('client_id') ?? parseBasic(authorization[0] ?? '')?.clientId ?? readClaims(form?.get('client_assertion'))?.sub;
}

/** What a workload says of itself, so that an admin can see which rule would fit it. Nothing of it is proved. */
function claimsOf(form: TokenForm | undefined): { issuer?: string; subject?: string } {
  const { iss, sub } = readClaims(form?.get('assertion')) ?? {};
  return { ...(typeof iss === 'string' ? { issuer: toLine(iss) } : {}), ...(typeof sub === 'string' ? { subject: toLine(sub) } : {}) };
}

/** Who puts a secret or a token where its issuer belongs must not find it in the trail. */
const toLine = (text: string): string => hideSecrets(text.slice(0, MAX_CLAIM_LENGTH)).replace(/\p{Cc}/gu, '?');

function readClaims(assertion: string | undefined): JWTPayload | undefined {
  try {
    return assertion === undefined ? undefined : readAssertion(assertion).claims;
  } catch {
    // It cannot be read: it says nothing of anybody.
    return undefined;
  }
}
