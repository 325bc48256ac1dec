import { Controller, Headers, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { DocsRefresh } from '../docs-server/docs-refresh.service.js';
import { DocsWebhooks } from '../docs-server/docs-webhooks.service.js';
import { ProblemError } from '../protocol/problem.js';
import { addressKey } from '../rate-limit/address-key.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { ServerDirectory } from '../servers/server-directory.service.js';

const QUOTA = { name: 'docs.webhook', limit: 120, windowSeconds: 3600 };

/** Where a Git host tells that a repository has changed. The request is signed; what it says is not looked at. */
@ApiTags('servers')
@Public()
@Controller('webhooks/docs')
export class DocsWebhookController {
  constructor(
    private readonly servers: ServerDirectory,
    private readonly refresh: DocsRefresh,
    private readonly webhooks: DocsWebhooks,
    private readonly limits: RateLimits,
  ) {}

  @Post(':slug')
  @HttpCode(202)
  @ApiOperation({ summary: 'Pull the Git repository of a documentation server now: for webhooks of GitHub, GitLab, Gitea and their like' })
  @ApiAcceptedResponse({ description: 'The pull is under way.' })
  @ApiProblems('unauthorized', 'too_many_requests')
  async receive(
    @Param('slug') slug: string,
    @Req() request: FastifyRequest,
    @Headers('x-hub-signature-256') signature?: string,
    @Headers('x-gitea-signature') giteaSignature?: string,
    @Headers('x-gitlab-token') token?: string,
  ): Promise<void> {
    const wait = await this.limits.take(QUOTA, addressKey(request.ip));
    if (wait > 0)
      throw new ProblemError('too_many_requests', 'Too many requests.', { headers: { 'retry-after': String(Math.ceil(wait)) } });
    const server = this.servers.find(slug);
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const isGenuine = await this.webhooks.isGenuine(server?.id, body, { signature: signature ?? giteaSignature, token });
    if (!server || !isGenuine) throw new ProblemError('unauthorized', 'The request is not signed with the secret of this webhook.');
    await this.refresh.ask(server.id);
  }
}
