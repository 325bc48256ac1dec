import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { GRANT_TYPES } from '../credentials/credential-settings.js';

/**
 * The form of a token request, for the OpenAPI description. The endpoint reads the raw form itself. The example of what is optional is
 * nothing: Swagger UI sends the example, and without one the word "string".
 */
export class TokenRequestDto {
  @ApiProperty({ example: 'client_credentials', enum: [...GRANT_TYPES, 'refresh_token'] })
  grant_type!: string;

  @ApiPropertyOptional({
    example: '',
    description: 'With `client_secret_post`; not with Basic. For instance mcc_01kax2v7q5r1d7x0c3g8m6y9tb.',
  })
  client_id?: string;

  @ApiPropertyOptional({ example: '', format: 'password', description: 'With `client_secret_post`; not with Basic.' })
  client_secret?: string;

  @ApiPropertyOptional({
    example: '',
    description: 'Scopes, separated by spaces, for instance mcp:search; by default all that the client may have.',
  })
  scope?: string;

  @ApiPropertyOptional({ example: '', description: 'The server that the token is to be for (RFC 8707).' })
  resource?: string;

  @ApiPropertyOptional({ example: '', description: 'With `private_key_jwt`: `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.' })
  client_assertion_type?: string;

  @ApiPropertyOptional({ example: '', format: 'password', description: 'With `private_key_jwt`: the signed JWT.' })
  client_assertion?: string;

  @ApiPropertyOptional({ example: '', format: 'password', description: "With jwt-bearer: the platform's OIDC token." })
  assertion?: string;

  @ApiPropertyOptional({ example: '', format: 'password', description: 'With refresh_token: the last one of its family.' })
  refresh_token?: string;

  @ApiPropertyOptional({ example: '', format: 'password', description: 'With token exchange: the access token of the client to act for.' })
  subject_token?: string;

  @ApiPropertyOptional({ example: '', description: 'With token exchange: `urn:ietf:params:oauth:token-type:access_token`.' })
  subject_token_type?: string;
}

export class TokenResponseDto {
  @ApiProperty({ example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLiJ9…' })
  access_token!: string;

  @ApiProperty({ example: 'Bearer', enum: ['Bearer', 'DPoP'] })
  token_type!: string;

  @ApiProperty({ example: 3600, description: 'Seconds.' })
  expires_in!: number;

  @ApiProperty({ example: 'mcp:search mcp:read' })
  scope!: string;

  @ApiPropertyOptional({ description: 'With `REFRESH_TOKENS=on`: good for one use.' })
  refresh_token?: string;

  @ApiPropertyOptional({ description: 'With token exchange: `urn:ietf:params:oauth:token-type:access_token`.' })
  issued_token_type?: string;
}

export class OAuthErrorDto {
  @ApiProperty({ example: 'invalid_client' })
  error!: string;

  @ApiProperty({ example: 'Client authentication failed.' })
  error_description!: string;
}
