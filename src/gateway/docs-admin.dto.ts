import { ApiProperty } from '@nestjs/swagger';

export class DocsWarningDto {
  @ApiProperty({ example: 'guides/install.md', description: 'The file, or the folder.' })
  file!: string;

  @ApiProperty({ example: 'is not UTF-8; it is left out' })
  warning!: string;
}

export class DocsGitDto {
  @ApiProperty({ example: 'https://git.example.com/docs.git' })
  url!: string;

  @ApiProperty({ type: String, nullable: true, example: 'main', description: 'null for the default branch.' })
  branch!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '4f2a9c1d0b7e6a5f8c3d2e1b0a9f8e7d6c5b4a39', description: 'What is served.' })
  commit!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  pulledAt!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why the last pull failed; what was there before is served.' })
  fault!: string | null;

  @ApiProperty({ example: false, description: 'Whether a webhook may ask for a pull.' })
  hasWebhook!: boolean;
}

/** How a documentation server is. */
export class DocsStatusDto {
  @ApiProperty({ example: 'Acme Docs' })
  name!: string;

  @ApiProperty({ type: [String], example: ['search_acme_docs', 'read_acme_docs'] })
  tools!: readonly string[];

  @ApiProperty({ example: '/srv/docs' })
  dir!: string;

  @ApiProperty({ example: 120, description: 'Pages that are served to somebody.' })
  pages!: number;

  @ApiProperty({ example: 870 })
  sections!: number;

  @ApiProperty({ example: false })
  isIndexing!: boolean;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  indexedAt!: string | null;

  @ApiProperty({ type: [DocsWarningDto], description: 'What is wrong with the folder as a whole, as with docs.json.' })
  faults!: DocsWarningDto[];

  @ApiProperty({ type: [DocsWarningDto], description: 'What is wrong with single files; up to 500.' })
  warnings!: DocsWarningDto[];

  @ApiProperty({ example: 3, description: 'Reports of clients that are kept.' })
  feedback!: number;

  @ApiProperty({ type: DocsGitDto, nullable: true, example: null, description: 'null for a plain folder.' })
  git!: DocsGitDto | null;
}

export class DocsFeedbackDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'guides/install' })
  page!: string;

  @ApiProperty({ example: 'The command in step 3 does not exist any more.' })
  description!: string;

  @ApiProperty({ type: String, nullable: true, example: '01KAX2V7Q6Y0M9E4T1N8R3B5CD', description: 'null for a caller without a token.' })
  credentialId!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;
}

export class DocsFeedbackPageDto {
  @ApiProperty({ type: [DocsFeedbackDto] })
  items!: DocsFeedbackDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

export class DocsWebhookDto {
  @ApiProperty({ example: 'https://docs.example.com/webhooks/docs/docs' })
  url!: string;

  @ApiProperty({ example: 'mcw_…', description: 'Shown this once. The Git host signs its requests with it.' })
  secret!: string;
}
