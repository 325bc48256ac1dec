import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type AdminPrincipal, CurrentAdmin } from '../admin/current-admin.decorator.js';
import { IdempotencyService } from '../admin/idempotency.service.js';
import { etag } from '../admin/preconditions.js';
import { Authorized } from '../common/access.decorator.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import {
  CreateCredentialDto,
  CredentialDto,
  CredentialPageDto,
  CredentialQueryDto,
  CredentialWithSecretDto,
  RotateSecretDto,
  UpdateCredentialDto,
} from './credential.dto.js';
import { CredentialTarget } from './credential-target.decorator.js';
import { CredentialList } from './credential-list.service.js';
import { toCredentialDto } from './credential-view.js';
import { CredentialsService, type CredentialWithSecrets, type NewSecret, type Target } from './credentials.service.js';

const ROUTE = 'POST /api/v1/credentials';

const ApiIfMatch = () =>
  ApiHeader({ name: 'If-Match', required: false, example: '"3"', description: 'The ETag that you read. If it was changed since: 412.' });

@ApiTags('credentials')
@Controller('api/v1/credentials')
export class CredentialsController {
  constructor(
    private readonly credentials: CredentialsService,
    private readonly list: CredentialList,
    private readonly idempotency: IdempotencyService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @Authorized('write')
  @ApiOperation({ summary: 'Create a credential; its secret, if its method has one, is in this answer only' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Send the same key again, within an hour, to get the same answer again.',
  })
  @ApiCreatedResponse({ type: CredentialWithSecretDto })
  @ApiProblems('validation_failed', 'idempotency_key_reused')
  async create(
    @Body() body: CreateCredentialDto,
    @CurrentAdmin() admin: AdminPrincipal,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CredentialWithSecretDto> {
    const { answer, replayed } = await this.idempotency.run({ admin, route: ROUTE, key, body }, async (transaction) => ({
      version: 1,
      body: this.withSecret(await this.credentials.create(body, admin.name, transaction)),
    }));
    if (replayed) reply.header('idempotency-replayed', 'true');
    reply.header('etag', etag(answer.version)).header('location', `/api/v1/credentials/${answer.body.id}`);
    return answer.body;
  }

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'List credentials, newest first unless `sort` says otherwise' })
  @ApiOkResponse({ type: CredentialPageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: CredentialQueryDto): Promise<CredentialPageDto> {
    const { items, nextCursor } = await this.list.page(query);
    const now = this.clock();
    return { items: items.map((item) => toCredentialDto(item, now)), nextCursor };
  }

  @Get(':id')
  @Authorized('read')
  @ApiOperation({ summary: 'Read a credential' })
  @ApiOkResponse({ type: CredentialDto })
  @ApiProblems('not_found')
  async read(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<CredentialDto> {
    return this.view(await this.credentials.read(id), reply);
  }

  @Patch(':id')
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Change a credential; takes effect at once, also for its live tokens' })
  @ApiOkResponse({ type: CredentialDto })
  @ApiProblems('validation_failed', 'not_found', 'conflict', 'precondition_failed')
  async update(
    @CredentialTarget() target: Target,
    @Body() body: UpdateCredentialDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CredentialDto> {
    return this.view(await this.credentials.update(target, body), reply);
  }

  @Post(':id/disable')
  @HttpCode(200)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Disable a credential: no new tokens, and its live tokens stop working at once' })
  @ApiOkResponse({ type: CredentialDto })
  @ApiProblems('not_found', 'precondition_failed')
  async disable(@CredentialTarget() target: Target, @Res({ passthrough: true }) reply: FastifyReply): Promise<CredentialDto> {
    return this.view(await this.credentials.setEnabled(target, false), reply);
  }

  @Post(':id/enable')
  @HttpCode(200)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Enable a credential again' })
  @ApiOkResponse({ type: CredentialDto })
  @ApiProblems('not_found', 'precondition_failed')
  async enable(@CredentialTarget() target: Target, @Res({ passthrough: true }) reply: FastifyReply): Promise<CredentialDto> {
    return this.view(await this.credentials.setEnabled(target, true), reply);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Make a new secret, in this answer only; the old one ends by itself after the overlap' })
  @ApiOkResponse({ type: CredentialWithSecretDto })
  @ApiProblems('validation_failed', 'not_found', 'conflict', 'too_many_secrets', 'precondition_failed')
  async rotate(
    @CredentialTarget() target: Target,
    @Body() body: RotateSecretDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CredentialWithSecretDto> {
    const rotated = await this.credentials.rotate(target, body.overlapSeconds ?? undefined);
    reply.header('etag', etag(rotated.credential.version));
    return this.withSecret(rotated);
  }

  @Post(':id/revoke-tokens')
  @HttpCode(200)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'End all its access tokens and refresh tokens; it may get new ones at once' })
  @ApiOkResponse({ type: CredentialDto })
  @ApiProblems('not_found', 'precondition_failed')
  async revokeTokens(@CredentialTarget() target: Target, @Res({ passthrough: true }) reply: FastifyReply): Promise<CredentialDto> {
    return this.view(await this.credentials.revokeTokens(target), reply);
  }

  @Delete(':id/secrets/:secretId')
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'End one secret now, and the tokens made with it' })
  @ApiOkResponse({ type: CredentialDto })
  @ApiProblems('not_found', 'precondition_failed')
  async endSecret(
    @CredentialTarget() target: Target,
    @Param('secretId') secretId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CredentialDto> {
    return this.view(await this.credentials.endSecret(target, secretId), reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @Authorized('write')
  @ApiIfMatch()
  @ApiOperation({ summary: 'Delete a credential for good, and end its tokens' })
  @ApiNoContentResponse()
  @ApiProblems('not_found', 'precondition_failed')
  async delete(@CredentialTarget() target: Target): Promise<void> {
    await this.credentials.delete(target);
  }

  private view(found: CredentialWithSecrets, reply: FastifyReply): CredentialDto {
    reply.header('etag', etag(found.credential.version));
    return toCredentialDto(found, this.clock());
  }

  private withSecret(created: NewSecret): CredentialWithSecretDto {
    const view = toCredentialDto(created, this.clock());
    return created.clientSecret === undefined ? view : { ...view, clientSecret: created.clientSecret };
  }
}
