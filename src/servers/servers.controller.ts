import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiIdempotencyKey, ApiIfMatch } from '../admin/conditional-headers.decorator.js';
import { type AdminPrincipal, CurrentAdmin } from '../admin/current-admin.decorator.js';
import { IdempotencyService } from '../admin/idempotency.service.js';
import { PageQueryDto } from '../admin/pages.dto.js';
import { etag } from '../admin/preconditions.js';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { CONFIG, type Config } from '../config/config.js';
import { GroupNames } from './group-names.js';
import type { Server } from './server.entity.js';
import { CreateServerDto, DeleteServerQueryDto, ServerDto, ServerPageDto, UpdateServerDto } from './server.dto.js';
import { ServerDirectory } from './server-directory.service.js';
import { CREATE_EXAMPLES, UPDATE_EXAMPLES } from './server-examples.js';
import { HealthBoard } from './server-health.js';
import { TargetServer } from './server-target.decorator.js';
import { toServerDto } from './server-view.js';
import { ServersService, type ServerTarget } from './servers.service.js';

const ROUTE = 'POST /api/v1/servers';

@ApiTags('servers')
@Controller('api/v1/servers')
export class ServersController {
  constructor(
    private readonly servers: ServersService,
    private readonly directory: ServerDirectory,
    private readonly health: HealthBoard,
    private readonly groupNames: GroupNames,
    private readonly idempotency: IdempotencyService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'List the MCP servers behind this door, oldest first' })
  @ApiOkResponse({ type: ServerPageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: PageQueryDto): Promise<ServerPageDto> {
    const { items, nextCursor } = await this.servers.page(query);
    return { items: items.map((server) => this.toDto(server)), nextCursor };
  }

  @Post()
  @Authorized('write')
  @ApiOperation({ summary: 'Put an MCP server behind this door; callable at once, on every replica' })
  @ApiIdempotencyKey()
  @ApiBody({ type: CreateServerDto, examples: CREATE_EXAMPLES })
  @ApiCreatedResponse({ type: ServerDto })
  @ApiProblems('validation_failed', 'name_taken', 'idempotency_key_reused')
  async create(
    @Body() body: CreateServerDto,
    @CurrentAdmin() admin: AdminPrincipal,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ServerDto> {
    await this.groupNames.check(body.upstream);
    const { answer, replayed } = await this.idempotency.run({ admin, route: ROUTE, key, body }, async (transaction) =>
      this.toDto(await this.servers.create(body, admin.name, transaction)),
    );
    if (replayed) reply.header('idempotency-replayed', 'true');
    await this.servers.settle();
    reply.header('etag', etag(1)).header('location', `/api/v1/servers/${answer.slug}`);
    return answer;
  }

  @Get(':slug')
  @Authorized('read')
  @ApiOperation({ summary: 'Read a server' })
  @ApiOkResponse({ type: ServerDto })
  @ApiProblems('not_found')
  async read(@Param('slug') slug: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<ServerDto> {
    return this.view(await this.servers.read(slug), reply);
  }

  @Patch(':slug')
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({
    summary: 'Change a server; takes effect at once, calls under way finish as they began',
    description: 'A JSON merge patch (RFC 7396): what is absent stays, `null` takes away, lists are replaced.',
  })
  @ApiBody({ type: UpdateServerDto, examples: UPDATE_EXAMPLES })
  @ApiOkResponse({ type: ServerDto })
  @ApiProblems('validation_failed', 'not_found', 'conflict', 'precondition_failed')
  async update(
    @TargetServer() target: ServerTarget,
    @Body() body: UpdateServerDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ServerDto> {
    await this.groupNames.check(body.upstream);
    return this.view(await this.servers.update(target, body), reply);
  }

  @Delete(':slug')
  @HttpCode(204)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Delete a server for good, and end the tokens for it' })
  @ApiNoContentResponse()
  @ApiProblems('not_found', 'conflict', 'server_in_use', 'precondition_failed')
  async delete(@TargetServer() target: ServerTarget, @Query() { detach }: DeleteServerQueryDto): Promise<void> {
    await this.servers.delete(target, detach === 'true');
  }

  private view(server: Server, reply: FastifyReply): ServerDto {
    reply.header('etag', etag(server.version));
    return this.toDto(server);
  }

  private toDto(server: Server): ServerDto {
    const { publicUrl } = this.config;
    return toServerDto(server, { publicUrl, health: this.health.of(server.id), find: (slug) => this.directory.find(slug) });
  }
}
