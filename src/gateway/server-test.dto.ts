import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, ValidateIf, ValidateNested } from 'class-validator';
import type { Era } from '../protocol/exchange.js';
import { classByMember, HttpUpstreamDto, UPSTREAM_DTOS, type UpstreamDto } from '../servers/upstream.dto.js';
import { PROBLEM_CODES } from './plain-problem.js';

const UPSTREAM = {
  oneOf: Object.values(UPSTREAM_DTOS).map((dto) => ({ $ref: getSchemaPath(dto) })),
  example: { kind: 'http', url: 'https://mcp.example.com/mcp', auth: { type: 'bearer', token: 'upstream-token' } },
};

/** An upstream that is not stored. */
@ApiExtraModels(...Object.values(UPSTREAM_DTOS))
export class TestUpstreamDto {
  @ApiProperty({ ...UPSTREAM, description: 'As in the creation of a server, with its secrets.' })
  @IsObject()
  @ValidateNested()
  @Type(classByMember<new () => UpstreamDto>('kind', UPSTREAM_DTOS, HttpUpstreamDto))
  upstream!: UpstreamDto;
}

/** A change of a server's upstream that is not stored. */
export class TestServerDto {
  @ApiPropertyOptional({ ...UPSTREAM, description: 'As in a change of the server: secrets that are absent are the stored ones.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsObject()
  @ValidateNested()
  @Type(classByMember<new () => UpstreamDto>('kind', UPSTREAM_DTOS, HttpUpstreamDto))
  upstream?: UpstreamDto;
}

export class ServerInfoDto {
  @ApiProperty({ example: 'files' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: '1.4.0' })
  version!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Files' })
  title!: string | null;
}

export class ListedDto {
  @ApiProperty({ example: 'read_file', description: 'A name, a URI or a URI template.' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Read a file' })
  title!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Reads the file at a path.' })
  description!: string | null;
}

export class ListingDto {
  @ApiProperty({ example: 12 })
  count!: number;

  @ApiProperty({ type: [ListedDto] })
  items!: ListedDto[];

  @ApiProperty({ example: false, description: 'Whether there are more than were read.' })
  isCut!: boolean;
}

export class ServerProblemDto {
  @ApiProperty({
    example: 'unauthorized',
    enum: PROBLEM_CODES,
  })
  code!: (typeof PROBLEM_CODES)[number];

  @ApiProperty({ example: 'The upstream answered 401: it does not accept what the gateway signs in with.' })
  message!: string;
}

/** What came of trying a server. */
export class ServerTestDto {
  @ApiProperty({ example: true, description: 'Whether it answered as an MCP server.' })
  ok!: boolean;

  @ApiProperty({ example: 84, description: 'Milliseconds, for everything.' })
  durationMs!: number;

  @ApiProperty({ enum: ['modern', 'legacy'], isArray: true, example: ['legacy'], description: 'The eras that it speaks.' })
  eras!: readonly Era[];

  @ApiProperty({ type: [String], example: ['2025-11-25'], description: 'The protocol versions that it named.' })
  versions!: readonly string[];

  @ApiProperty({ type: ServerInfoDto, nullable: true })
  serverInfo!: ServerInfoDto | null;

  @ApiProperty({ type: ListingDto, nullable: true, description: 'null where it has none.' })
  tools!: ListingDto | null;

  @ApiProperty({ type: ListingDto, nullable: true })
  prompts!: ListingDto | null;

  @ApiProperty({ type: ListingDto, nullable: true })
  resources!: ListingDto | null;

  @ApiProperty({ type: ListingDto, nullable: true })
  resourceTemplates!: ListingDto | null;

  @ApiProperty({ type: [ServerProblemDto], description: 'What went wrong, in plain words. Empty where all went well.' })
  problems!: ServerProblemDto[];
}
