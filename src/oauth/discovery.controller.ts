import { Controller, Get, Header, HttpCode, Inject, Param } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { JWK } from 'jose';
import { Public } from '../common/access.decorator.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import {
  authorizationServerMetadata,
  type AuthorizationServerMetadata,
  type ProtectedResourceMetadata,
  protectedResourceMetadata,
} from '../protocol/metadata.js';
import { ProblemError } from '../protocol/problem.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { defaultScopes, type ServerState } from '../servers/server-state.js';
import { KeyRing } from '../tokens/key-ring.js';
import { DPOP_ALGS } from '../tokens/possession/dpop-proof.js';
import { VERIFICATION_ALGS } from '../tokens/verification-key.js';
import { JWKS_MAX_AGE_SECONDS } from '../tokens/signing-keys.service.js';
import { ClientAuthenticator } from './client-authentication/client-authenticator.js';
import { GRANTS } from './grants/grants.js';
import type { Grant } from './grants/grant.js';

/** The documents that a stock client finds everything else by (RFC 8414, RFC 9728, RFC 7517). Public, readable from any origin. */
@ApiTags('discovery')
@Public()
@Controller()
export class DiscoveryController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(GRANTS) private readonly grants: readonly Grant[],
    private readonly authenticator: ClientAuthenticator,
    private readonly servers: ServerDirectory,
    private readonly ring: KeyRing,
  ) {}

  @Get('.well-known/oauth-authorization-server/authed/mcp')
  @Header('access-control-allow-origin', '*')
  @ApiOperation({ summary: 'Authorization server metadata (RFC 8414)' })
  @ApiOkResponse({ description: 'Where the endpoints are and what they support.' })
  authorizationServer(): AuthorizationServerMetadata {
    const scopes = new Set(this.servers.all.filter(isProtected).flatMap(defaultScopes));
    return authorizationServerMetadata({
      issuer: this.config.issuer,
      scopes: [...scopes],
      grantTypes: this.grants.map((grant) => grant.type),
      hasOpenGrant: this.grants.some((grant) => grant.needsNoClient),
      assertionAlgs: VERIFICATION_ALGS,
      proofAlgs: DPOP_ALGS,
      bindsCertificates: this.config.clientCertificates !== undefined,
      authMethods: this.authenticator.methods.flatMap((method) => method.names),
    });
  }

  @Get('.well-known/oauth-protected-resource/authed/mcp')
  @Header('access-control-allow-origin', '*')
  @ApiOperation({ summary: 'Protected resource metadata of the default server (RFC 9728)' })
  @ApiOkResponse({ description: 'Which authorization server issues tokens for it, and for which scopes.' })
  defaultResource(): ProtectedResourceMetadata {
    return this.describe(this.servers.find());
  }

  @Get('.well-known/oauth-protected-resource/authed/mcp/:slug')
  @Header('access-control-allow-origin', '*')
  @ApiOperation({ summary: 'Protected resource metadata of another server (RFC 9728)' })
  @ApiOkResponse({ description: 'Which authorization server issues tokens for it, and for which scopes.' })
  resource(@Param('slug') slug: string): ProtectedResourceMetadata {
    const server = this.servers.find(slug);
    // The default server has one canonical URL, and `resource` must equal the URL that the document was derived from (§3.3).
    return this.describe(server?.isDefault ? undefined : server);
  }

  @Get('authed/mcp/oauth/jwks')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`)
  @ApiOperation({ summary: 'Token signing keys (RFC 7517)' })
  @ApiOkResponse({ description: 'A JWK Set with public keys only.' })
  jwks(): { keys: JWK[] } {
    return this.ring.published(this.clock());
  }

  /** Clients refuse metadata without such an endpoint; no person signs in here, so it refuses everything and redirects nowhere. */
  @Get('authed/mcp/oauth/authorize')
  @HttpCode(400)
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  @ApiExcludeEndpoint()
  authorize(): string {
    return 'unsupported_response_type: this server issues tokens to machines only, at its token endpoint.\n';
  }

  private describe(server: ServerState | undefined): ProtectedResourceMetadata {
    if (!server || !isProtected(server)) throw new ProblemError('not_found', 'There is no protected resource here.');
    return protectedResourceMetadata({ resource: server.resource, name: server.name, scopes: defaultScopes(server) }, this.config.issuer);
  }
}

const isProtected = (server: ServerState): boolean => server.access !== 'public';
