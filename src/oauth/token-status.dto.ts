import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The form of a request about a token, for the OpenAPI description. The endpoints read the raw form themselves. Swagger UI sends the examples. */
export class TokenQueryDto {
  @ApiProperty({ description: 'The token, as it was issued.' })
  token!: string;

  @ApiPropertyOptional({ example: '', description: 'access_token or refresh_token; a wrong one does no harm.' })
  token_type_hint?: string;

  @ApiPropertyOptional({ example: '', description: 'With `client_secret_post`; not with Basic.' })
  client_id?: string;

  @ApiPropertyOptional({ example: '', format: 'password', description: 'With `client_secret_post`; not with Basic.' })
  client_secret?: string;
}

export class LeakReportDto {
  @ApiProperty({ format: 'password', description: 'The whole secret: `mcs_` (or `mka_` for an admin key) and 49 letters and digits.' })
  secret!: string;

  @ApiPropertyOptional({ example: '', maxLength: 500, description: 'Where it was found, for the audit trail: a URL, or a few words.' })
  source?: string;
}

export class IntrospectionDto {
  @ApiProperty({ example: true, description: 'With false, nothing else is there.' })
  active!: boolean;

  @ApiPropertyOptional({ example: 'mcp:search mcp:read' })
  scope?: string;

  @ApiPropertyOptional({ example: 'mcc_01kax2v7q5r1d7x0c3g8m6y9tb' })
  client_id?: string;

  @ApiPropertyOptional({ enum: ['Bearer', 'DPoP'], example: 'Bearer' })
  token_type?: string;

  @ApiPropertyOptional({ example: 1_795_430_400, description: 'Seconds since the Unix epoch.' })
  exp?: number;

  @ApiPropertyOptional({ example: 1_795_426_800, description: 'Seconds since the Unix epoch.' })
  iat?: number;

  @ApiPropertyOptional({ example: 'mcc_01kax2v7q5r1d7x0c3g8m6y9tb', description: 'The client, or for whom it acts.' })
  sub?: string;

  @ApiPropertyOptional({ example: 'https://docs.example.com/authed/mcp' })
  aud?: string;

  @ApiPropertyOptional({ example: 'https://docs.example.com/authed/mcp' })
  iss?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  jti?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What its holder must prove possession of (RFC 7800).' })
  cnf?: Record<string, string>;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Who acts for `sub` (RFC 8693 §4.1).' })
  act?: Record<string, unknown>;
}
