import { Inject, Injectable, Logger } from '@nestjs/common';
import type * as Openid from 'openid-client';
import { CONFIG, type Config, type OidcConfig } from '../../config/config.js';
import { Egress } from '../../egress/egress.service.js';
import { PATHS } from '../../protocol/urls.js';
import { ProblemError } from '../../protocol/problem.js';
import type { SignInMethod } from '../sessions/session.entity.js';
import { egressFetch } from './egress-fetch.js';
import { hasClaim } from './role-for-claims.js';

/** What is known of the provider is asked for again after this. */
const FRESH_MS = 3_600_000;
/** After a failure it is left alone for this long. */
const COOL_DOWN_MS = 5000;
const TIMEOUT_SECONDS = 10;

/** With the first sign-in that needs it: most installations have no identity provider. */
const loadClient = (): Promise<typeof Openid> => import('openid-client');

/** What must come back with the browser. */
export interface Challenge {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What the provider vouches for. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The identity provider through which admins sign in, where one is set up (OpenID Connect Core 1.0, code flow with PKCE). */
@Injectable()
export class OidcProvider {
  private readonly logger = new Logger('Oidc');
  private known: { readonly configuration: Promise<Openid.Configuration>; readonly until: number } | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly egress: Egress,
  ) {}

  /** What the sign-in page offers; null where no provider is set up. */
  get option(): { label: string; url: string } | null {
    const { oidc } = this.config;
    return oidc ? { label: oidc.label, url: PATHS.oidcSignIn } : null;
  }

  /**
   * The settings of the provider.
   * @throws {ProblemError} `not_found` where there is none.
   */
  requireSettings(): OidcConfig {
    const { oidc } = this.config;
    if (!oidc) throw new ProblemError('not_found', 'Sign-in through an identity provider is not set up here.');
    return oidc;
  }

  /**
   * Where the browser goes to sign in, and what must come back with it.
   * @throws where the provider cannot be asked.
   */
  async begin(): Promise<{ url: URL; challenge: Challenge }> {
    const client = await loadClient();
    const configuration = await this.discover();
    const challenge = { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.redirectUri,
      scope: this.requireSettings().scope,
      state: challenge.state,
      nonce: challenge.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(challenge.verifier),
      code_challenge_method: 'S256',
    });
    return { url, challenge };
  }

  /**
   * Who came back: the code is exchanged, the ID token checked with its signature, nonce, audience and times.
   * @throws where any of it does not hold.
   */
  async finish(query: string, { state, nonce, verifier }: Challenge): Promise<Identity> {
    const client = await loadClient();
    const configuration = await this.discover();
    const tokens = await client.authorizationCodeGrant(configuration, new URL(`${this.redirectUri}?${query}`), {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) throw new Error('The provider sent no ID token');
    const more = await this.askUserInfo(configuration, tokens.access_token, claims);
    return { issuer: claims.iss, subject: claims.sub, claims: { ...more, ...claims } };
  }

  /** Where the browser signs out of the provider too; null where there is nothing to sign out of. */
  async signOutUrl(method: SignInMethod): Promise<string | null> {
    if (method !== 'oidc' || !this.config.oidc) return null;
    try {
      const client = await loadClient();
      const configuration = await this.discover();
      if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
      const back = `${this.config.publicUrl}${PATHS.dashboard}/sign-in`;
      return client.buildEndSessionUrl(configuration, { post_logout_redirect_uri: back }).href;
    } catch (error) {
      // Here the session has ended; that the provider's goes on is the lesser evil.
      this.logger.warn(`The provider could not be asked how to sign out: ${(error as Error).message}`);
      return null;
    }
  }

  private get redirectUri(): string {
    return this.config.publicUrl + PATHS.oidcCallback;
  }

  /** Some providers keep groups out of ID tokens. */
  private async askUserInfo(
    configuration: Openid.Configuration,
    accessToken: string,
    claims: Openid.IDToken,
  ): Promise<Record<string, unknown>> {
    if (hasClaim(claims, this.requireSettings().roleClaim) || configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    const client = await loadClient();
    return { ...(await client.fetchUserInfo(configuration, accessToken, claims.sub)) };
  }

  private discover(): Promise<Openid.Configuration> {
    const now = performance.now();
    if (this.known && now < this.known.until) return this.known.configuration;
    const known = { configuration: this.readConfiguration(), until: now + FRESH_MS };
    this.known = known;
    known.configuration.catch(() => {
      if (this.known === known) this.known = { ...known, until: performance.now() + COOL_DOWN_MS };
    });
    return known.configuration;
  }

  private async readConfiguration(): Promise<Openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.requireSettings();
    const client = await loadClient();
    // Plain http: is the egress guard's to refuse, which takes it on networks of EGRESS_ALLOW only.
    const isInsecure = new URL(issuer).protocol === 'http:';
    const customFetch: Openid.CustomFetch = egressFetch((request) => this.egress.request(request));
    const execute = isInsecure ? [client.allowInsecureRequests] : [];
    const options = { [client.customFetch]: customFetch, timeout: TIMEOUT_SECONDS, execute };
    const found = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, options);
    const metadata = found.serverMetadata();
    const configuration = new client.Configuration(metadata, clientId, clientSecret, clientAuthentication(client, metadata, clientSecret));
    configuration[client.customFetch] = customFetch;
    configuration.timeout = TIMEOUT_SECONDS;
    client.enableNonRepudiationChecks(configuration);
    if (isInsecure) client.allowInsecureRequests(configuration);
    return configuration;
  }
}

/** Basic is what clients are registered for unless they say otherwise (OpenID Connect Core 1.0 §9, Discovery 1.0 §3). */
function clientAuthentication(
  client: typeof Openid,
  { token_endpoint_auth_methods_supported: methods }: Openid.ServerMetadata,
  secret: string,
): Openid.ClientAuth {
  const isPost = methods !== undefined && !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
  return isPost ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
}
