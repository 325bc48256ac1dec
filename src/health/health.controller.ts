import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { ChangeFeed } from '../database/change-feed.service.js';

interface Health {
  readonly status: 'up' | 'down';
  readonly database?: 'up' | 'down';
  /** `degraded`: a documentation serves what it had before, because its source cannot be read as a whole. */
  readonly docs?: 'up' | 'degraded';
}

const RECENT_MS = 2000;

/** Live: the process answers. Ready: it can also reach its database, so send it requests. */
@ApiTags('health')
@Public()
@Controller('health')
export class HealthController {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly docs: DocsServers,
  ) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether the process is alive' })
  live(): Health {
    return { status: 'up' };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether it is ready for requests; 503 while the database is away' })
  ready(@Res({ passthrough: true }) reply: FastifyReply): Health {
    const database = this.feed.stalenessMs < RECENT_MS ? 'up' : 'down';
    reply.status(database === 'up' ? 200 : 503);
    return { status: database, database, docs: this.docs.faults > 0 ? 'degraded' : 'up' };
  }
}
