import { type ExecutionContext, Inject, Injectable, Logger, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { ACCESS, type AccessLevel, PUBLIC } from '../common/access.decorator.js';
import { CONFIG, type Config } from '../config/config.js';
import { ProblemError } from '../protocol/problem.js';
import type { Role } from './admin.entity.js';
import type { AdminPrincipal } from './current-admin.decorator.js';
import { SIGN_IN, type SignInRequest } from './admin.strategy.js';
import { CSRF_HEADER } from './sessions/cross-site.js';
import { SessionAuthenticator } from './sessions/session-authenticator.service.js';
import { SignInService } from './sign-in.service.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;
type Declared = AccessLevel | typeof PUBLIC | undefined;
type AdminRequest = FastifyRequest & { admin?: AdminPrincipal };

const ALLOWED: Readonly<Record<AccessLevel, readonly Role[]>> = {
  read: ['viewer', 'operator', 'owner'],
  write: ['operator', 'owner'],
  own: ['owner'],
};
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Stands in front of every route. What is not declared public asks for an admin; what declares nothing is open to nobody. */
@Injectable()
export class AdminGuard extends AuthGuard('admin-basic') {
  private readonly logger = new Logger('AdminGuard');
  /** What handlers declare, once it was looked up: reflection is slow, and calls of the gateway pass here too. */
  private readonly declared = new WeakMap<Handler, { readonly controller: Type; readonly access: Declared }>();

  constructor(
    private readonly reflector: Reflector,
    private readonly signIns: SignInService,
    private readonly sessions: SessionAuthenticator,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    super();
  }

  /** At once where a route is public: it may be one of the gateway's. */
  override canActivate(context: ExecutionContext): true | Promise<true> {
    const access = this.declaredAccess(context.getHandler(), context.getClass());
    return access === PUBLIC ? true : this.requireAdmin(context, access);
  }

  private declaredAccess(handler: Handler, controller: Type): Declared {
    // A handler may be inherited by controllers that declare different things.
    const known = this.declared.get(handler);
    if (known?.controller === controller) return known.access;
    const access = this.reflector.getAllAndOverride<Declared>(ACCESS, [handler, controller]);
    this.declared.set(handler, { controller, access });
    return access;
  }

  private async requireAdmin(context: ExecutionContext, access: AccessLevel | undefined): Promise<true> {
    const request = context.switchToHttp().getRequest<AdminRequest>();
    this.refuseForeignOrigin(request);
    const admin = await this.authenticate(context, request);
    request.admin = admin;
    if (access === undefined) {
      this.logger.error(`${context.getClass().name}.${context.getHandler().name} declares no access and is closed.`);
      throw new ProblemError('forbidden', 'Nobody may call this.');
    }
    if (!ALLOWED[access].includes(admin.role))
      throw new ProblemError('forbidden', `This needs one of the roles: ${ALLOWED[access].join(', ')}.`);
    return true;
  }

  /** Passport's answer; what the strategy threw (a slow-down) comes out as it is. */
  override handleRequest<T = AdminPrincipal | undefined>(error: Error | null, principal: T | false | null | undefined): T {
    if (error) throw error;
    return (principal || undefined) as T;
  }

  /** What a request says of itself goes before its cookie, which the browser adds by itself. */
  private async authenticate(context: ExecutionContext, request: AdminRequest): Promise<AdminPrincipal> {
    const { authorization } = request.headers;
    const admin = authorization === undefined ? await this.sessions.authenticate(request) : await this.byHeader(context, request);
    if (!admin) throw unauthorized(request);
    return admin;
  }

  private async byHeader(context: ExecutionContext, request: AdminRequest): Promise<AdminPrincipal | undefined> {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return this.signIns.signInWithKey(bearer, request.ip);
    (request as SignInRequest)[SIGN_IN] = this.signIns;
    await super.canActivate(context);
    return (request as unknown as { user: AdminPrincipal | undefined }).user;
  }

  /** Browsers send remembered Basic credentials with requests that another site makes. */
  private refuseForeignOrigin({ method, headers }: AdminRequest): void {
    if (SAFE_METHODS.has(method)) return;
    const isForeign = headers.origin !== undefined && !this.config.allowedOrigins.includes(headers.origin);
    if (isForeign || headers['sec-fetch-site'] === 'cross-site') {
      throw new ProblemError(
        'origin_not_allowed',
        'Changes may not be made from another site. Add its origin to ALLOWED_ORIGINS if it is yours.',
      );
    }
  }
}

/** To a script of a page the challenge names a scheme that browsers do not know: at `Basic` they would put up a dialog of their own. */
function unauthorized({ headers }: AdminRequest): ProblemError {
  const isScript = headers['sec-fetch-dest'] === 'empty' || headers[CSRF_HEADER] !== undefined;
  const challenge = isScript ? 'Session realm="gatehouse admin"' : 'Basic realm="gatehouse admin", charset="UTF-8"';
  return new ProblemError('unauthorized', 'Sign in, or send an admin’s name and password, or an admin key, by HTTP Basic.', {
    headers: { 'www-authenticate': challenge },
  });
}
