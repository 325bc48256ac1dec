import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { PageQueryDto } from '../admin/pages.dto.js';
import { VISIBILITIES, type Visibility } from '../docs-server/content/access.js';

const MAX_TEXT = 200;

export class DocsPagesQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ example: 'install', maxLength: MAX_TEXT, description: 'Part of the title or of the path.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  search?: string;

  @ApiPropertyOptional({ example: 'v2', maxLength: MAX_TEXT })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  version?: string;

  @ApiPropertyOptional({ example: 'en', maxLength: MAX_TEXT })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  language?: string;

  @ApiPropertyOptional({ enum: VISIBILITIES, description: 'Only pages for everybody, for every caller with a token, or for groups.' })
  @IsOptional()
  @IsIn(VISIBILITIES)
  visibility?: Visibility;
}

/** A page of a documentation server, as those who run it see it in a list. */
export class DocsPageDto {
  @ApiProperty({ example: 'guides/install' })
  path!: string;

  @ApiProperty({ example: 'Install' })
  title!: string;

  @ApiProperty({ type: String, nullable: true, example: 'v2' })
  version!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'en' })
  language!: string | null;

  @ApiProperty({
    enum: VISIBILITIES,
    example: 'authenticated',
    description: 'For everybody, also without a token; for every credential; or for the groups below.',
  })
  visibility!: Visibility;

  @ApiProperty({ type: [String], example: [], description: 'The groups of readers that it is for, where it is for groups.' })
  groups!: readonly string[];

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z', description: 'When its file last changed.' })
  changedAt!: string;
}

export class DocsPagesDto {
  @ApiProperty({ type: [DocsPageDto] })
  items!: DocsPageDto[];

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Send it as `cursor` to read on; null at the end.' })
  nextCursor!: string | null;

  @ApiProperty({ type: [String], example: ['v1', 'v2'], description: 'Every version that a page of the server has.' })
  versions!: string[];

  @ApiProperty({ type: [String], example: ['de', 'en'] })
  languages!: string[];
}
