import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { AdminKeyPageDto, CreateAdminKeyDto, NewAdminKeyDto } from './admin.dto.js';
import { AdminKeysService } from './admin-keys.service.js';
import { toKeyDto } from './admin-view.js';
import { ApiIdempotencyKey } from './conditional-headers.decorator.js';
import { type AdminPrincipal, CurrentAdmin } from './current-admin.decorator.js';
import { IdempotencyService } from './idempotency.service.js';
import { PageQueryDto } from './pages.dto.js';

const ROUTE = 'POST /api/v1/admin-keys';

/** Owners only, so that no key can give more than its creator may do. */
@ApiTags('admins')
@Controller('api/v1/admin-keys')
export class AdminKeysController {
  constructor(
    private readonly keys: AdminKeysService,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Get()
  @Authorized('own')
  @ApiOperation({ summary: 'List the admin keys' })
  @ApiOkResponse({ type: AdminKeyPageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: PageQueryDto): Promise<AdminKeyPageDto> {
    const { items, nextCursor } = await this.keys.page(query);
    return { items: items.map(toKeyDto), nextCursor };
  }

  @Post()
  @Authorized('own')
  @ApiOperation({ summary: 'Create an admin key; its secret is in this answer only' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: NewAdminKeyDto })
  @ApiProblems('validation_failed', 'idempotency_key_reused')
  async create(
    @Body() body: CreateAdminKeyDto,
    @CurrentAdmin() me: AdminPrincipal,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewAdminKeyDto> {
    const request = { admin: me, route: ROUTE, key: idempotencyKey, body };
    const { answer, replayed } = await this.idempotency.run(request, async (transaction) => {
      const { key, secret } = await this.keys.create(body, me.name, transaction);
      return { ...toKeyDto(key), secret };
    });
    if (replayed) reply.header('idempotency-replayed', 'true');
    return answer;
  }

  @Delete(':id')
  @HttpCode(204)
  @Authorized('own')
  @ApiOperation({ summary: 'Delete an admin key' })
  @ApiNoContentResponse()
  @ApiProblems('not_found')
  async delete(@Param('id') id: string, @CurrentAdmin() me: AdminPrincipal): Promise<void> {
    await this.keys.delete(id, me.name);
  }
}
