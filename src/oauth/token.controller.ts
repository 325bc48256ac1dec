import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBasicAuth, ApiBody, ApiConsumes, ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { CertificateSource } from '../tokens/possession/certificate-source.js';
import { DpopVerifier } from '../tokens/possession/dpop-proof.js';
import { ApiCommonOAuthErrors, ApiInvalidClient, ApiOAuthErrors, OAuthAnswer } from './oauth-responses.decorator.js';
import { OAuthErrorDto, TokenRequestDto, TokenResponseDto } from './token.dto.js';
import { TokenEndpoint, type TokenResponse } from './token-endpoint.js';
import { toRawTokenRequest } from './raw-token-request.js';

const BAD_REQUEST = {
  invalid_request: 'The parameter grant_type is missing.',
  invalid_grant: 'The assertion is not valid, has expired, or nobody here trusts it.',
  unsupported_grant_type: 'Supported grant types: client_credentials.',
  unauthorized_client: 'This client may not use this grant type.',
  invalid_scope: 'None of the requested scopes can be granted to this client.',
  invalid_target: 'The resource is not a server that this client may reach.',
  invalid_dpop_proof: 'The DPoP proof is not valid.',
  use_dpop_nonce: 'Send the proof again with the nonce of the DPoP-Nonce header.',
};

@ApiTags('tokens')
@ApiExtraModels(OAuthErrorDto)
@Public()
@Controller('authed/mcp/oauth')
export class TokenController {
  constructor(
    private readonly endpoint: TokenEndpoint,
    private readonly certificates: CertificateSource,
    private readonly dpop: DpopVerifier,
  ) {}

  @Post('token')
  @OAuthAnswer()
  @ApiOperation({
    summary: 'Get an access token',
    description: [
      'Grants: `client_credentials` (RFC 6749 §4.4), jwt-bearer for workload identity (RFC 7523 §2.1), token exchange (RFC 8693) and, with',
      '`REFRESH_TOKENS=on`, `refresh_token`. Authenticate with HTTP Basic (scheme `client`), with `client_id` and `client_secret` in the form,',
      'with a signed `client_assertion` (`private_key_jwt`), or with a client certificate. A `DPoP` header binds the token to its key (RFC 9449).',
    ].join(' '),
  })
  @ApiBasicAuth('client')
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiHeader({ name: 'DPoP', required: false, description: 'A proof of possession (RFC 9449 §4); the token is then bound to its key.' })
  @ApiBody({ type: TokenRequestDto })
  @ApiOkResponse({
    type: TokenResponseDto,
    headers: {
      'Gatehouse-Hint': {
        description: '`cache-token; previous-expires-in=1800` where the last token that this client got here was still fresh.',
        schema: { type: 'string' },
      },
      'DPoP-Nonce': {
        description: 'With a bound token, where proofs need nonces: the one for the next proof (RFC 9449 §8.2).',
        schema: { type: 'string' },
      },
    },
  })
  @ApiOAuthErrors(400, 'The request cannot be granted.', BAD_REQUEST)
  @ApiInvalidClient()
  @ApiCommonOAuthErrors()
  async token(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenResponse> {
    const { body, previousExpiresIn } = await this.endpoint.issueToken(toRawTokenRequest(request, this.certificates));
    const nonce = body.token_type === 'DPoP' ? this.dpop.nextNonce : undefined;
    if (nonce !== undefined) reply.header('dpop-nonce', nonce);
    if (previousExpiresIn !== undefined) reply.header('gatehouse-hint', `cache-token; previous-expires-in=${previousExpiresIn}`);
    return body;
  }
}
