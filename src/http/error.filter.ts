import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LogLine } from '../common/log-line.js';
import { hideSecrets } from '../common/secret-format.js';
import { isDatabaseAway } from '../database/database-away.js';
import type { RequestTallies } from '../metrics/request-tallies.js';
import { type HttpFault, isWireError, pathOf, sendWireError, toWireError, type WireError } from './families.js';
import { requestFields } from './request-fields.js';
import { RouteTable } from './route-table.js';

/** The one place where an error becomes an answer. The family of the route decides the wire language. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(
    private readonly routes: RouteTable,
    private readonly requests: Pick<RequestTallies, 'addUnmatched'>,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const path = pathOf(request);
    const wireError = isWireError(error) ? error : toWireError(path, this.toFault(error, path));
    // A client that left in the middle of its request is nobody's fault.
    if (!hasLeft(request)) this.log(wireError, error, request);
    if (request.is404) this.requests.addUnmatched(wireError.status);
    // After a hijack or a started stream there is nothing left to say in.
    if (!reply.sent && !reply.raw.headersSent) sendWireError(wireError, path, reply);
  }

  private toFault(error: unknown, path: string): HttpFault {
    const status = statusOf(error);
    if (status !== 404) return { status, cause: error };
    const allow = this.routes.methodsAt(path);
    return allow.length > 0 ? { status: 405, allow: allow.join(', '), cause: error } : { status, cause: error };
  }

  private log({ status }: WireError, error: unknown, request: FastifyRequest): void {
    if (status < 500) return;
    const text = `${request.method} ${hideSecrets(pathOf(request))} ${status}: ${(error as Error).message}`;
    const line = new LogLine(text, { ...requestFields(request), status });
    if (isWireError(error)) this.logger.warn(line);
    else this.logger.error(line, (error as Error).stack);
  }
}

const hasLeft = ({ raw }: FastifyRequest): boolean => raw.destroyed && !raw.complete;

/** Only what Nest and Fastify found wrong with the request itself counts as the client's mistake. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (isDatabaseAway(error)) return 503;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  const isFastify = typeof code === 'string' && code.startsWith('FST_');
  return isFastify && typeof statusCode === 'number' && statusCode < 500 ? statusCode : 500;
}
