import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authorized, Public } from '../../common/access.decorator.js';
import { ApiProblems } from '../../common/problem-responses.decorator.js';
import { CONFIG, type Config } from '../../config/config.js';
import { type AdminPrincipal, CurrentAdmin } from '../current-admin.decorator.js';
import { OidcProvider } from '../oidc/oidc-provider.service.js';
import { SessionAuthenticator } from './session-authenticator.service.js';
import { toBrowser } from './browser.js';
import { ApiCsrfHeader } from './csrf-header.decorator.js';
import { SessionSignIn } from './session-sign-in.service.js';
import { toPrincipal } from './session-directory.service.js';
import { SessionListDto, SignedOutDto, SignInDto, SignInOptionsDto, toSessionDto, toWhoAmI, WhoAmIDto } from './session.dto.js';
import { SessionsService } from './sessions.service.js';

/** Sign-in of the dashboard: a cookie instead of a password with every request. */
@ApiTags('session')
@Controller('api/v1/session')
export class SessionController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly signIns: SessionSignIn,
    private readonly authenticator: SessionAuthenticator,
    private readonly provider: OidcProvider,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('options')
  @Public()
  @ApiOperation({ summary: 'How one can sign in, besides name and password' })
  @ApiOkResponse({ type: SignInOptionsDto })
  options(): SignInOptionsDto {
    return { oidc: this.provider.option };
  }

  @Post()
  @Public()
  @ApiOperation({
    summary: 'Sign in with name and password',
    description: 'Sets the session’s cookie. With it, changes carry the header `Gatehouse-Csrf: 1`.',
  })
  @ApiCsrfHeader()
  @ApiCreatedResponse({ type: WhoAmIDto })
  @ApiProblems('validation_failed', 'unauthorized', 'origin_not_allowed', 'too_many_requests')
  async signIn(
    @Body() body: SignInDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WhoAmIDto> {
    this.authenticator.requireOwnPage(request);
    const signedIn = await this.signIns.signIn(body, toBrowser(request));
    this.authenticator.setCookie(reply, signedIn);
    return toWhoAmI(toPrincipal(signedIn.session), this.config.sessions.idleMs);
  }

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'Who is signed in' })
  @ApiOkResponse({ type: WhoAmIDto })
  whoAmI(@CurrentAdmin() me: AdminPrincipal): WhoAmIDto {
    return toWhoAmI(me, this.config.sessions.idleMs);
  }

  @Delete()
  @HttpCode(200)
  @Authorized('read')
  @ApiOperation({ summary: 'Sign out' })
  @ApiCsrfHeader()
  @ApiOkResponse({ type: SignedOutDto })
  async signOut(
    @CurrentAdmin() me: AdminPrincipal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedOutDto> {
    if (!me.session) return { signOutUrl: null };
    await this.sessions.end(me.session, request.ip);
    this.authenticator.clearCookie(reply);
    return { signOutUrl: await this.provider.signOutUrl(me.session.method) };
  }

  @Get('all')
  @Authorized('read')
  @ApiOperation({ summary: 'List one’s own sessions' })
  @ApiOkResponse({ type: SessionListDto })
  async list(@CurrentAdmin() me: AdminPrincipal): Promise<SessionListDto> {
    const sessions = me.kind === 'admin' ? await this.sessions.list(me.id) : [];
    return { items: sessions.map((session) => toSessionDto(session, me.session?.id)), nextCursor: null };
  }

  @Delete('all')
  @HttpCode(204)
  @Authorized('read')
  @ApiOperation({ summary: 'Sign out everywhere, here too' })
  @ApiCsrfHeader()
  @ApiNoContentResponse()
  async signOutEverywhere(@CurrentAdmin() me: AdminPrincipal, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    if (me.kind === 'admin') await this.sessions.endAll(me.id, me.name);
    if (me.session) this.authenticator.clearCookie(reply);
  }
}
