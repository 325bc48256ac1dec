import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type AdminPrincipal, CurrentAdmin } from '../admin/current-admin.decorator.js';
import { PageQueryDto, readPage } from '../admin/pages.dto.js';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import type { DocsFeedback } from '../docs-server/docs-feedback.entity.js';
import { DocsFeedbackService } from '../docs-server/docs-feedback.service.js';
import { DocsRefresh } from '../docs-server/docs-refresh.service.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { DocsWebhooks } from '../docs-server/docs-webhooks.service.js';
import { ProblemError } from '../protocol/problem.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { findDocs, type FoundDocs } from './find-docs.js';
import { type DocsFeedbackDto, DocsFeedbackPageDto, DocsStatusDto, DocsWebhookDto } from './docs-admin.dto.js';

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

/** How documentation servers are, and what their readers reported. */
@ApiTags('servers')
@Controller('api/v1/servers/:slug/docs')
export class DocsAdminController {
  constructor(
    private readonly servers: ServerDirectory,
    private readonly docs: DocsServers,
    private readonly feedback: DocsFeedbackService,
    private readonly webhooks: DocsWebhooks,
    private readonly refreshes: DocsRefresh,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'How a documentation server is: pages, faults, warnings, where it comes from' })
  @ApiOkResponse({ type: DocsStatusDto })
  @ApiProblems('not_found')
  async status(@Param('slug') slug: string): Promise<DocsStatusDto> {
    const { server, open } = this.find(slug);
    const { indexedAt, ...status } = open.library.status();
    const git = open.git?.status();
    return {
      name: open.name,
      tools: open.upstream.toolNames,
      ...status,
      faults: [...status.faults],
      warnings: [...status.warnings],
      indexedAt: iso(indexedAt),
      feedback: await this.feedback.count(server.id),
      git: git ? { ...git, pulledAt: iso(git.pulledAt), hasWebhook: await this.webhooks.has(server.id) } : null,
    };
  }

  @Post('refresh')
  @HttpCode(202)
  @Authorized('write')
  @ApiOperation({ summary: 'Look at the folder now; pull it first where it is a Git repository' })
  @ApiAcceptedResponse({ description: 'It is under way.' })
  @ApiProblems('not_found')
  async refresh(@Param('slug') slug: string): Promise<void> {
    await this.refreshes.ask(this.find(slug).server.id);
  }

  @Get('feedback')
  @Authorized('read')
  @ApiOperation({ summary: 'What clients reported of pages, newest first' })
  @ApiOkResponse({ type: DocsFeedbackPageDto })
  @ApiProblems('not_found', 'validation_failed')
  async listFeedback(@Param('slug') slug: string, @Query() query: PageQueryDto): Promise<DocsFeedbackPageDto> {
    const { server } = this.find(slug);
    const { items, nextCursor } = await readPage(query, (before, take) => this.feedback.list(server.id, take, before));
    return { items: items.map(toFeedbackDto), nextCursor };
  }

  @Delete('feedback/:id')
  @HttpCode(204)
  @Authorized('write')
  @ApiOperation({ summary: 'Remove a report that was dealt with' })
  @ApiNoContentResponse()
  @ApiProblems('not_found')
  async removeFeedback(@Param('slug') slug: string, @Param('id') id: string): Promise<void> {
    const { server } = this.find(slug);
    if (!(await this.feedback.remove(server.id, id))) throw new ProblemError('not_found', 'There is no such report.');
  }

  @Post('webhook')
  @Authorized('write')
  @ApiOperation({ summary: 'Make the secret of the webhook, in this answer only; one from before ends' })
  @ApiCreatedResponse({ type: DocsWebhookDto })
  @ApiProblems('not_found', 'conflict')
  async makeWebhook(@Param('slug') slug: string, @CurrentAdmin() admin: AdminPrincipal): Promise<DocsWebhookDto> {
    const { server, open } = this.find(slug);
    if (!open.git) throw new ProblemError('conflict', 'The server has a plain folder, which is followed without a webhook.');
    return this.webhooks.make(server, admin.name);
  }

  @Delete('webhook')
  @HttpCode(204)
  @Authorized('write')
  @ApiOperation({ summary: 'End the webhook' })
  @ApiNoContentResponse()
  @ApiProblems('not_found')
  async removeWebhook(@Param('slug') slug: string, @CurrentAdmin() admin: AdminPrincipal): Promise<void> {
    const { server } = this.find(slug);
    if (!(await this.webhooks.remove(server, admin.name))) throw new ProblemError('not_found', 'There is no webhook.');
  }

  private find(slug: string): FoundDocs {
    return findDocs(slug, this.servers, this.docs);
  }
}

const toFeedbackDto = ({ id, page, description, credentialId, createdAt }: DocsFeedback): DocsFeedbackDto => ({
  id,
  page,
  description,
  credentialId,
  createdAt: new Date(createdAt).toISOString(),
});
