import { Controller, Post, Req } from '@nestjs/common';
import { ApiBasicAuth, ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { CertificateSource } from '../tokens/possession/certificate-source.js';
import { type Introspection, IntrospectionEndpoint } from './introspection-endpoint.js';
import { LeakEndpoint } from './leak-endpoint.js';
import { ApiCommonOAuthErrors, ApiInvalidClient, ApiOAuthErrors, OAuthAnswer } from './oauth-responses.decorator.js';
import { RevocationEndpoint } from './revocation-endpoint.js';
import { toRawTokenRequest } from './raw-token-request.js';
import { IntrospectionDto, LeakReportDto, TokenQueryDto } from './token-status.dto.js';
import type { RawTokenRequest } from './token-form.js';

/** What can be done with a token, or a secret, that exists already. */
@ApiTags('tokens')
@Public()
@Controller('authed/mcp/oauth')
export class TokenStatusController {
  constructor(
    private readonly revocation: RevocationEndpoint,
    private readonly introspection: IntrospectionEndpoint,
    private readonly leaks: LeakEndpoint,
    private readonly certificates: CertificateSource,
  ) {}

  @Post('revoke')
  @OAuthAnswer()
  @ApiOperation({
    summary: 'End a token of this client (RFC 7009)',
    description: 'An access token, or a refresh token with its whole family. Takes effect on every replica within a second.',
  })
  @ApiBasicAuth('client')
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: TokenQueryDto })
  @ApiOkResponse({ description: 'The token is not valid any more, or never was.' })
  @ApiOAuthErrors(400, 'The request cannot be read, or the token is that of another client.', {
    invalid_request: 'The parameter token is missing.',
    invalid_grant: 'The token was issued to another client.',
  })
  @ApiInvalidClient()
  @ApiCommonOAuthErrors()
  async revoke(@Req() request: FastifyRequest): Promise<Record<string, never>> {
    await this.revocation.revoke(this.read(request));
    return {};
  }

  @Post('introspect')
  @OAuthAnswer()
  @ApiOperation({
    summary: 'Ask whether a token is good (RFC 7662)',
    description: 'For credentials whose `introspects` names the server that the token is for. Every other token reads `active: false`.',
  })
  @ApiBasicAuth('client')
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: TokenQueryDto })
  @ApiOkResponse({ type: IntrospectionDto })
  @ApiOAuthErrors(400, 'The request cannot be read.', { invalid_request: 'The parameter token is missing.' })
  @ApiInvalidClient()
  @ApiOAuthErrors(403, 'The client is no resource server.', { unauthorized_client: 'This client may not introspect tokens.' })
  @ApiCommonOAuthErrors()
  introspect(@Req() request: FastifyRequest): Promise<Introspection> {
    return this.introspection.introspect(this.read(request));
  }

  @Post('leaked')
  @OAuthAnswer()
  @ApiOperation({
    summary: 'Report a client secret or admin key that was found in the open',
    description:
      'Ends exactly that secret, and the tokens made with it. Needs no authentication. The answer is the same whether or not it existed.',
  })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: LeakReportDto })
  @ApiOkResponse({ description: 'Thank you.' })
  @ApiOAuthErrors(400, 'The request cannot be read.', { invalid_request: 'The parameter secret is missing.' })
  @ApiCommonOAuthErrors()
  async leaked(@Req() request: FastifyRequest): Promise<Record<string, never>> {
    await this.leaks.report(this.read(request));
    return {};
  }

  private read(request: FastifyRequest): RawTokenRequest {
    return toRawTokenRequest(request, this.certificates);
  }
}
