import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { PATHS } from '../protocol/urls.js';
import { LivenessDto, ReadinessDto } from './health.dto.js';
import { Readiness } from './readiness.service.js';

/** Live: the process answers, so leave it running. Ready: it can do its work, so send it requests. */
@ApiTags('health')
@Public()
@Controller(PATHS.health)
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether the process is alive' })
  @ApiOkResponse({ type: LivenessDto })
  live(): LivenessDto {
    return { status: 'up' };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether it is ready for requests, and why not' })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiServiceUnavailableResponse({ type: ReadinessDto, description: 'Not ready: it shuts down, the database is away, or no key signs.' })
  ready(@Res({ passthrough: true }) reply: FastifyReply): ReadinessDto {
    const readiness = this.readiness.look();
    reply.status(readiness.status === 'up' ? 200 : 503);
    return readiness;
  }
}
