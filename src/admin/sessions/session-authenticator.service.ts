import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../../config/config.js';
import { ChangeFeed } from '../../database/change-feed.service.js';
import { ProblemError } from '../../protocol/problem.js';
import type { AdminPrincipal } from '../current-admin.decorator.js';
import { crossSiteFault } from './cross-site.js';
import { SessionCookie } from './session-cookie.js';
import { SessionDirectory, type SessionState, toPrincipal } from './session-directory.service.js';
import { type NewSession, SessionsService } from './sessions.service.js';

/** Between the browser's cookie and the sessions. */
@Injectable()
export class SessionAuthenticator {
  private readonly cookie: SessionCookie;

  constructor(
    private readonly directory: SessionDirectory,
    private readonly sessions: SessionsService,
    private readonly feed: ChangeFeed,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.cookie = new SessionCookie(config.publicUrl, { purpose: 'session', sameSite: 'Strict' });
  }

  /**
   * Who the request's cookie speaks for; undefined without one that counts. Reads no database while the session is in memory.
   * @throws {ProblemError} `origin_not_allowed` where another site may have made the request, `unavailable` without fresh state.
   */
  async authenticate(request: FastifyRequest): Promise<AdminPrincipal | undefined> {
    const token = this.cookie.read(request.headers.cookie);
    if (token === undefined) return undefined;
    this.requireOwnPage(request);
    if (!this.feed.isFresh) throw new ProblemError('unavailable', 'The database is away, so that nobody’s session can be checked.');
    const state = await this.directory.find(token);
    if (!state) return undefined;
    this.sessions.touch(state);
    return toPrincipal(state);
  }

  /**
   * Refuses what another site's page may have sent.
   * @throws {ProblemError} `origin_not_allowed`.
   */
  requireOwnPage({ method, headers }: FastifyRequest): void {
    const fault = crossSiteFault(method, headers, this.config.publicUrl);
    if (fault !== undefined) throw new ProblemError('origin_not_allowed', fault);
  }

  setCookie(reply: FastifyReply, { token }: Pick<NewSession, 'token'>): void {
    reply.header('set-cookie', this.cookie.set(token, this.config.sessions.ttlMs / 1000));
  }

  clearCookie(reply: FastifyReply): void {
    reply.header('set-cookie', this.cookie.clear());
  }

  /** Whether a session that was found is still there, e.g. for a stream that outlives its request. */
  async isLive(request: FastifyRequest, { id }: Pick<SessionState, 'id'>): Promise<boolean> {
    const token = this.cookie.read(request.headers.cookie);
    if (token === undefined || !this.feed.isFresh) return false;
    return (await this.directory.find(token))?.id === id;
  }
}
