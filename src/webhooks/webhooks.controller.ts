import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiIdempotencyKey, ApiIfMatch } from '../admin/conditional-headers.decorator.js';
import { type AdminPrincipal, CurrentAdmin } from '../admin/current-admin.decorator.js';
import { IdempotencyService } from '../admin/idempotency.service.js';
import { PageQueryDto } from '../admin/pages.dto.js';
import { etag } from '../admin/preconditions.js';
import { Authorized } from '../common/access.decorator.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import {
  CreateWebhookDto,
  DeliveryDto,
  DeliveryPageDto,
  DeliveryQueryDto,
  RotateWebhookDto,
  UpdateWebhookDto,
  WebhookDto,
  WebhookPageDto,
  WebhookWithSecretDto,
} from './webhook.dto.js';
import type { Webhook } from './webhook.entity.js';
import { TargetWebhook } from './webhook-target.decorator.js';
import { toDeliveryDto, toWebhookDto } from './webhook-view.js';
import { WebhooksService, type WebhookTarget } from './webhooks.service.js';

const ROUTE = 'POST /api/v1/webhooks';

@ApiTags('webhooks')
@Controller('api/v1/webhooks')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly idempotency: IdempotencyService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'List the webhooks, newest first' })
  @ApiOkResponse({ type: WebhookPageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: PageQueryDto): Promise<WebhookPageDto> {
    const { items, nextCursor } = await this.webhooks.page(query);
    return { items: items.map((webhook) => toWebhookDto(webhook, this.clock())), nextCursor };
  }

  @Post()
  @Authorized('write')
  @ApiOperation({ summary: 'Create a webhook; what it signs with is in this answer only' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: WebhookWithSecretDto })
  @ApiProblems('validation_failed', 'conflict', 'idempotency_key_reused')
  async create(
    @Body() body: CreateWebhookDto,
    @CurrentAdmin() admin: AdminPrincipal,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookWithSecretDto> {
    const { answer, replayed } = await this.idempotency.run({ admin, route: ROUTE, key, body }, async (transaction) => {
      const { webhook, secret } = await this.webhooks.create(body, admin.name, transaction);
      return { ...toWebhookDto(webhook, this.clock()), secret };
    });
    if (replayed) reply.header('idempotency-replayed', 'true');
    reply.header('etag', etag(1)).header('location', `/api/v1/webhooks/${answer.id}`);
    return answer;
  }

  @Get(':id')
  @Authorized('read')
  @ApiOperation({ summary: 'Read a webhook' })
  @ApiOkResponse({ type: WebhookDto })
  @ApiProblems('not_found')
  async read(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<WebhookDto> {
    return this.view(await this.webhooks.read(id), reply);
  }

  @Patch(':id')
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Change, disable or enable a webhook; what waits for one that is disabled is dropped' })
  @ApiOkResponse({ type: WebhookDto })
  @ApiProblems('validation_failed', 'not_found', 'precondition_failed')
  async update(
    @TargetWebhook() target: WebhookTarget,
    @Body() body: UpdateWebhookDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookDto> {
    return this.view(await this.webhooks.update(target, body), reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Delete a webhook, with its deliveries' })
  @ApiNoContentResponse()
  @ApiProblems('not_found', 'precondition_failed')
  async delete(@TargetWebhook() target: WebhookTarget): Promise<void> {
    await this.webhooks.delete(target);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Make a new secret, in this answer only; for the overlap messages are signed with both' })
  @ApiOkResponse({ type: WebhookWithSecretDto })
  @ApiProblems('validation_failed', 'not_found', 'precondition_failed')
  async rotate(
    @TargetWebhook() target: WebhookTarget,
    @Body() { overlapSeconds }: RotateWebhookDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookWithSecretDto> {
    const { webhook, secret } = await this.webhooks.rotate(target, overlapSeconds);
    return { ...this.view(webhook, reply), secret };
  }

  @Post(':id/test')
  @HttpCode(200)
  @Authorized('write')
  @ApiOperation({ summary: 'Send a message of the type `webhook.test` now, once, and say what came of it' })
  @ApiOkResponse({ type: DeliveryDto })
  @ApiProblems('not_found')
  async test(@TargetWebhook() target: WebhookTarget): Promise<DeliveryDto> {
    return toDeliveryDto(await this.webhooks.test(target));
  }

  @Get(':id/deliveries')
  @Authorized('read')
  @ApiOperation({ summary: 'What it was told in the last 30 days and what it is still to be told, newest first' })
  @ApiOkResponse({ type: DeliveryPageDto })
  @ApiProblems('validation_failed', 'not_found')
  async deliveries(@Param('id') id: string, @Query() query: DeliveryQueryDto): Promise<DeliveryPageDto> {
    const { items, nextCursor } = await this.webhooks.deliveries(id, query);
    return { items: items.map(toDeliveryDto), nextCursor };
  }

  private view(webhook: Webhook, reply: FastifyReply): WebhookDto {
    reply.header('etag', etag(webhook.version));
    return toWebhookDto(webhook, this.clock());
  }
}
