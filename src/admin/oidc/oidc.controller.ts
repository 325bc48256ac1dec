import { Controller, Get, Inject, Logger, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditService } from '../../audit/audit.service.js';
import { Public } from '../../common/access.decorator.js';
import { CONFIG, type Config } from '../../config/config.js';
import { PATHS } from '../../protocol/urls.js';
import { ProblemError } from '../../protocol/problem.js';
import { addressKey } from '../../rate-limit/address-key.js';
import { RateLimits } from '../../rate-limit/rate-limits.service.js';
import { toBrowser } from '../sessions/browser.js';
import { SessionAuthenticator } from '../sessions/session-authenticator.service.js';
import { OidcFlows } from './oidc-flows.service.js';
import { OidcProvider } from './oidc-provider.service.js';
import { type OidcRefusal, OidcSignIn } from './oidc-sign-in.service.js';

/** Each costs the provider a request; nobody signs in that often. */
const ATTEMPTS = { name: 'oidc', limit: 60, windowSeconds: 900 };

type Failure = OidcRefusal | 'oidc_denied' | 'oidc_failed' | 'oidc_expired';

/** Where browsers go, not scripts: every outcome is a redirect, a failure to the sign-in page with its code. */
@ApiExcludeController()
@Public()
@Controller(PATHS.oidcSignIn.slice(1))
export class OidcController {
  private readonly logger = new Logger('Oidc');

  constructor(
    private readonly provider: OidcProvider,
    private readonly flows: OidcFlows,
    private readonly signIns: OidcSignIn,
    private readonly sessions: SessionAuthenticator,
    private readonly limits: RateLimits,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async start(@Query('returnTo') returnTo: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.admit(request);
    try {
      const { url, challenge } = await this.provider.begin();
      reply.header('set-cookie', this.flows.remember(challenge, returnTo));
      await reply.redirect(url.href, 303);
    } catch (error) {
      await this.fail(reply, request, { code: 'oidc_failed', error });
    }
  }

  @Get('callback')
  async callback(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.admit(request);
    const flow = this.flows.recall(request.headers.cookie);
    if (!flow) return this.fail(reply, request, { code: 'oidc_expired' });
    const query = request.url.slice(request.url.indexOf('?') + 1);
    if (new URLSearchParams(query).get('error') === 'access_denied') return this.fail(reply, request, { code: 'oidc_denied' });
    try {
      const session = await this.signIns.signIn(await this.provider.finish(query, flow.challenge), toBrowser(request));
      if (typeof session === 'string') return await this.fail(reply, request, { code: session });
      this.sessions.setCookie(reply, session);
      reply.header('set-cookie', this.flows.forget());
      await reply.redirect(this.config.publicUrl + flow.returnTo, 303);
    } catch (error) {
      await this.fail(reply, request, { code: 'oidc_failed', error });
    }
  }

  private async admit({ ip }: FastifyRequest): Promise<void> {
    this.provider.requireSettings(); // not found where nobody signs in this way
    const wait = Math.ceil(await this.limits.take(ATTEMPTS, addressKey(ip)));
    if (wait <= 0) return;
    throw new ProblemError('too_many_requests', `Too many sign-ins. Try again in ${wait} seconds.`, {
      headers: { 'retry-after': String(wait) },
    });
  }

  private async fail(reply: FastifyReply, request: FastifyRequest, { code, error }: { code: Failure; error?: unknown }): Promise<void> {
    if (error !== undefined) this.logger.warn(`Sign-in through the provider failed: ${describe(error)}`);
    this.audit.note({ kind: 'admin.sign_in_failed', address: request.ip, detail: { method: 'oidc', reason: code } });
    reply.header('set-cookie', this.flows.forget());
    await reply.redirect(`${this.config.publicUrl}${PATHS.dashboard}/sign-in?error=${code}`, 303);
  }
}

/** Messages of the library and of the egress guard hold no token and no secret; what the provider sent stays out. */
function describe(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: { message?: string } };
  return [message, code, cause?.message].filter((part) => typeof part === 'string').join(' · ');
}
