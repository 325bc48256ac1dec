import { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { type AdminPrincipal, CurrentAdmin } from './current-admin.decorator.js';
import { EventFilterDto, EventPageDto, EventQueryDto } from './event.dto.js';
import { EventStreams } from './event-streams.service.js';
import { EventsService } from './events.service.js';

const NDJSON = 'application/x-ndjson';

@ApiTags('events')
@Controller('api/v1/events')
export class EventsController {
  constructor(
    private readonly events: EventsService,
    private readonly streams: EventStreams,
  ) {}

  @Get('stream')
  @Authorized('read')
  @ApiOperation({
    summary: 'Follow the audit trail as it grows, as server-sent events',
    description:
      'Each new event that matches comes as `event: audit` with an event as JSON in `data` and its id in `id`; `Last-Event-ID` goes on from there. ' +
      '`event: gap` says that there were more than can be shown; `event: end` with a `reason` ends it: `session`, `shutdown`, `age` (an hour) or `slow`.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'An endless stream; a comment every 15 seconds keeps it open.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiProblems('validation_failed', 'too_many_requests')
  async follow(
    @Query() query: EventFilterDto,
    @CurrentAdmin() me: AdminPrincipal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.streams.serve({ query, me, request }, reply);
  }

  @Get()
  @Authorized('read')
  @ApiOperation({
    summary: 'Read the audit trail, newest first',
    description: `Pages as JSON; with \`Accept: ${NDJSON}\` everything that matches, one event a line, as a stream.`,
  })
  @ApiProduces('application/json', NDJSON)
  @ApiOkResponse({ type: EventPageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: EventQueryDto, @Headers('accept') accept: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    if (accept?.includes(NDJSON)) await reply.type(NDJSON).send(Readable.from(this.events.stream(query)));
    else await reply.send(await this.events.page(query));
  }
}
