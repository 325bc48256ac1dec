import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags, ApiUnauthorizedResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { CONFIG, type Config } from '../config/config.js';
import { PATHS } from '../protocol/urls.js';
import { ProblemError } from '../protocol/problem.js';
import { Metrics } from './metrics.service.js';

/** For Prometheus. Not an admin's: it must answer while the database, which knows the admins, is away. */
@ApiTags('health')
@Public()
@Controller(PATHS.metrics)
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Metrics in the text format of Prometheus, for the holder of METRICS_TOKEN' })
  @ApiBearerAuth('metrics')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiUnauthorizedResponse({ description: 'Not the bearer token that METRICS_TOKEN names (`unauthorized`).' })
  @ApiNotFoundResponse({ description: 'METRICS_TOKEN is not set (`not_found`).' })
  async read(
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { exposition } = this.metrics;
    const { metricsToken } = this.config;
    if (!exposition || metricsToken === undefined) throw new ProblemError('not_found', 'There is nothing here.');
    if (!isBearer(authorization, metricsToken)) {
      const headers = { 'www-authenticate': 'Bearer realm="metrics"' };
      throw new ProblemError('unauthorized', 'Metrics are for the holder of METRICS_TOKEN.', { headers });
    }
    reply.header('content-type', exposition.contentType).header('cache-control', 'no-store');
    return exposition.text();
  }
}

function isBearer(authorization: string | undefined, expected: string): boolean {
  const [, given = ''] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
