import { Controller, Get, Inject, Logger, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { PATHS } from '../protocol/urls.js';
import { ProblemError } from '../protocol/problem.js';
import { negotiateCoding } from './negotiate-coding.js';
import type { PageFile } from './page-files.js';

/** Injection token of the built pages: a map of {@link PageFile}s, or undefined where they are not built. */
export const PAGES = Symbol('PAGES');

const INDEX = 'index.html';
const ASSETS = 'assets/';

/** Files of our own only; nothing inline, nothing of others, and no frame around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Serves the dashboard: its files, and its one page for every path below, since the page itself knows where it is. */
@ApiExcludeController()
@Public()
@Controller()
export class PagesController {
  private readonly logger = new Logger('Dashboard');

  constructor(@Inject(PAGES) private readonly pages: ReadonlyMap<string, PageFile> | undefined) {
    if (!pages) this.logger.warn('The pages of the dashboard are not built: npm run build.');
  }

  @Get()
  async home(@Res() reply: FastifyReply): Promise<void> {
    await reply.redirect(PATHS.dashboard, 302);
  }

  @Get('dashboard')
  async index(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.send(INDEX, request, reply);
  }

  @Get('dashboard/*')
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { '*': path = '' } = request.params as { '*'?: string };
    await this.send(this.pages?.has(path) || path.startsWith(ASSETS) ? path : INDEX, request, reply);
  }

  private async send(path: string, { headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const file = this.find(path);
    const coding = negotiateCoding(headers['accept-encoding'], Object.keys(file.encoded));
    reply
      .headers(HEADERS)
      .header('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('vary', 'Accept-Encoding')
      .header('etag', file.etag);
    if (isFresh(headers['if-none-match'], file.etag)) {
      await reply.code(304).send();
      return;
    }
    if (coding) reply.header('content-encoding', coding);
    await reply.type(file.type).send(coding ? file.encoded[coding] : file.body);
  }

  private find(path: string): PageFile {
    if (!this.pages) throw new ProblemError('not_found', 'The pages of the dashboard are not built. Run: npm run build');
    const file = this.pages.get(path);
    if (!file) throw new ProblemError('not_found', 'There is no such file. After an upgrade, load the page again.');
    return file;
  }
}

/** Weak comparison (RFC 9110 §13.1.2): proxies that compress make a strong tag weak. */
function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
