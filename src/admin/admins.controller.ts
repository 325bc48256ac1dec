import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { AdminDto, AdminPageDto, ChangePasswordDto, CreateAdminDto, MeDto, NewAdminDto, UpdateAdminDto } from './admin.dto.js';
import { toAdminDto } from './admin-view.js';
import { AdminsService } from './admins.service.js';
import { ApiIdempotencyKey, ApiIfMatch } from './conditional-headers.decorator.js';
import { type AdminPrincipal, CurrentAdmin } from './current-admin.decorator.js';
import { IdempotencyService } from './idempotency.service.js';
import { OwnPassword } from './own-password.service.js';
import { PageQueryDto } from './pages.dto.js';
import { etag } from './preconditions.js';
import { toBrowser } from './sessions/browser.js';
import { SessionAuthenticator } from './sessions/session-authenticator.service.js';
import { SessionsService } from './sessions/sessions.service.js';

const ROUTE = 'POST /api/v1/admins';

@ApiTags('admins')
@Controller('api/v1/admins')
export class AdminsController {
  constructor(
    private readonly admins: AdminsService,
    private readonly ownPassword: OwnPassword,
    private readonly sessions: SessionsService,
    private readonly sessionCookie: SessionAuthenticator,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'List the admins' })
  @ApiOkResponse({ type: AdminPageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: PageQueryDto): Promise<AdminPageDto> {
    const { items, nextCursor } = await this.admins.page(query);
    return { items: items.map(toAdminDto), nextCursor };
  }

  @Post()
  @Authorized('own')
  @ApiOperation({ summary: 'Create an admin; a generated password is in this answer only' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: NewAdminDto })
  @ApiProblems('validation_failed', 'name_taken', 'idempotency_key_reused')
  async create(
    @Body() body: CreateAdminDto,
    @CurrentAdmin() me: AdminPrincipal,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewAdminDto> {
    const { answer, replayed } = await this.idempotency.run({ admin: me, route: ROUTE, key, body }, async (transaction) => {
      const { admin, password } = await this.admins.create(body, me.name, transaction);
      return { ...toAdminDto(admin), ...(password === undefined ? {} : { password }) };
    });
    if (replayed) reply.header('idempotency-replayed', 'true');
    reply.header('etag', etag(1)).header('location', `/api/v1/admins/${answer.id}`);
    return answer;
  }

  @Get('me')
  @Authorized('read')
  @ApiOperation({ summary: 'Who is signed in' })
  @ApiOkResponse({ type: MeDto })
  me(@CurrentAdmin() me: AdminPrincipal): MeDto {
    return { id: me.id, name: me.name, role: me.role, kind: me.kind };
  }

  @Post('me/password')
  @HttpCode(204)
  @Authorized('read')
  @ApiOperation({
    summary: 'Change one’s own password',
    description: 'Ends all of one’s sessions. Whoever asks within one gets another, with a new cookie.',
  })
  @ApiNoContentResponse()
  @ApiProblems('validation_failed', 'too_many_requests')
  async changePassword(
    @Body() body: ChangePasswordDto,
    @CurrentAdmin() me: AdminPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const session = await this.ownPassword.change(me, body, toBrowser(request));
    if (session) this.sessionCookie.setCookie(reply, session);
  }

  @Get(':id')
  @Authorized('read')
  @ApiOperation({ summary: 'Read an admin' })
  @ApiOkResponse({ type: AdminDto })
  @ApiProblems('not_found')
  async read(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<AdminDto> {
    const admin = await this.admins.read(id);
    reply.header('etag', etag(admin.version));
    return toAdminDto(admin);
  }

  @Patch(':id')
  @Authorized('own')
  @ApiOperation({ summary: 'Change role or password' })
  @ApiIfMatch()
  @ApiOkResponse({ type: AdminDto })
  @ApiProblems('validation_failed', 'not_found', 'last_owner', 'precondition_failed')
  async update(
    @Param('id') id: string,
    @Body() body: UpdateAdminDto,
    @CurrentAdmin() me: AdminPrincipal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AdminDto> {
    const admin = await this.admins.update({ id, actor: me.name, ifMatch }, body);
    reply.header('etag', etag(admin.version));
    return toAdminDto(admin);
  }

  @Post(':id/disable')
  @HttpCode(200)
  @Authorized('own')
  @ApiOperation({ summary: 'Disable an admin at once, sessions included' })
  @ApiIfMatch()
  @ApiOkResponse({ type: AdminDto })
  @ApiProblems('not_found', 'last_owner', 'precondition_failed')
  async disable(
    @Param('id') id: string,
    @CurrentAdmin() me: AdminPrincipal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AdminDto> {
    const admin = await this.admins.disable({ id, actor: me.name, ifMatch });
    reply.header('etag', etag(admin.version));
    return toAdminDto(admin);
  }

  @Post(':id/enable')
  @HttpCode(200)
  @Authorized('own')
  @ApiOperation({ summary: 'Enable an admin again' })
  @ApiIfMatch()
  @ApiOkResponse({ type: AdminDto })
  @ApiProblems('not_found', 'precondition_failed')
  async enable(
    @Param('id') id: string,
    @CurrentAdmin() me: AdminPrincipal,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AdminDto> {
    const admin = await this.admins.enable({ id, actor: me.name, ifMatch });
    reply.header('etag', etag(admin.version));
    return toAdminDto(admin);
  }

  @Post(':id/sign-out')
  @HttpCode(204)
  @Authorized('own')
  @ApiOperation({ summary: 'End every session of an admin' })
  @ApiNoContentResponse()
  @ApiProblems('not_found')
  async signOut(@Param('id') id: string, @CurrentAdmin() me: AdminPrincipal): Promise<void> {
    await this.sessions.endAll(id, me.name);
  }

  @Delete(':id')
  @HttpCode(204)
  @Authorized('own')
  @ApiOperation({ summary: 'Delete an admin' })
  @ApiIfMatch()
  @ApiNoContentResponse()
  @ApiProblems('not_found', 'last_owner', 'precondition_failed')
  async delete(
    @Param('id') id: string,
    @CurrentAdmin() me: AdminPrincipal,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.admins.delete({ id, actor: me.name, ifMatch });
  }
}
