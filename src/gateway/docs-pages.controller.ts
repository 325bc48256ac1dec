import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { parsePlace, readOrderedPage } from '../admin/pages.dto.js';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import type { DocsLibrary } from '../docs-server/docs-library.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { BEGINNING, type ListedPage, type Place } from '../docs-server/index/store.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { type DocsPageDto, DocsPagesDto, DocsPagesQueryDto } from './docs-pages.dto.js';
import { findDocs } from './find-docs.js';

/** Which pages a documentation server serves, and to whom. */
@ApiTags('servers')
@Controller('api/v1/servers/:slug/docs/pages')
export class DocsPagesController {
  constructor(
    private readonly servers: ServerDirectory,
    private readonly docs: DocsServers,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'The pages that a documentation server serves to somebody, in the order of its navigation' })
  @ApiOkResponse({ type: DocsPagesDto })
  @ApiProblems('not_found', 'validation_failed')
  async list(@Param('slug') slug: string, @Query() query: DocsPagesQueryDto): Promise<DocsPagesDto> {
    const { library } = findDocs(slug, this.servers, this.docs).open;
    const { search: text, version, language, visibility } = query;
    const { items, nextCursor } = await readOrderedPage<ListedPage, Place>(query, {
      read: (after = BEGINNING, take) => library.browse({ text, version, language, visibility }, after, take),
      place: ({ place, path }) => JSON.stringify([place, path]),
      parse: toPlace,
    });
    return { items: items.map((page) => toPageDto(page, library)), nextCursor, ...library.variety() };
  }
}

function toPlace(text: string): Place | undefined {
  const [place, path] = parsePlace(text) ?? [];
  return typeof place === 'number' && typeof path === 'string' ? { place, path } : undefined;
}

const toPageDto = (page: ListedPage, library: DocsLibrary): DocsPageDto => ({
  path: page.path,
  title: page.title,
  version: page.version || null,
  language: page.language || null,
  visibility: library.visibilityOf(page),
  groups: page.groups,
  changedAt: new Date(page.changedAt).toISOString(),
});
