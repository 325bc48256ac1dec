import { RemoteDocuments } from './remote-documents.js';

const FRESH_MS = 3_600_000;

export interface IssuerMetadataOptions {
  /** Fetches a JSON object from wherever egress is allowed to. */
  readonly getJson: (url: string) => Promise<unknown>;
  readonly monotonicNow?: () => number;
}

/** What trusted issuers say of themselves (OpenID Connect Discovery 1.0 §4), cached for an hour. */
export class IssuerMetadata {
  private readonly uris: RemoteDocuments<string>;

  constructor({ getJson, monotonicNow = () => performance.now() }: IssuerMetadataOptions) {
    this.uris = new RemoteDocuments({
      read: async (issuer) => jwksUriIn(await getJson(metadataUrlOf(issuer)), issuer),
      freshMs: FRESH_MS,
      monotonicNow,
    });
  }

  /**
   * Where the issuer's keys are.
   * @throws {Error} when its metadata cannot be had, or names another issuer or no `jwks_uri`.
   */
  jwksUriOf(issuer: string): Promise<string> {
    return this.uris.get(issuer);
  }
}

const metadataUrlOf = (issuer: string): string => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

function jwksUriIn(document: unknown, issuer: string): string {
  const { issuer: named, jwks_uri: uri } = document as { issuer?: unknown; jwks_uri?: unknown };
  // Else one issuer could speak for another (§4.3 there).
  if (named !== issuer) throw new Error('The metadata names another issuer than the one that is trusted.');
  if (typeof uri !== 'string') throw new Error('The metadata of the issuer names no jwks_uri.');
  return uri;
}
