import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { OverviewDto, OverviewQueryDto } from './overview.dto.js';
import { OverviewService } from './overview.service.js';
import { UsagePageDto, UsageQueryDto } from './usage.dto.js';
import { UsageService } from './usage.service.js';

@ApiTags('usage')
@Controller('api/v1')
export class UsageController {
  constructor(
    private readonly usage: UsageService,
    private readonly overview: OverviewService,
  ) {}

  @Get('usage')
  @Authorized('read')
  @ApiOperation({
    summary: 'Count calls, tokens and refusals',
    description: 'By credential, server, tool, outcome and hour, as far back as USAGE_RETENTION_DAYS. The last second may be missing.',
  })
  @ApiOkResponse({ type: UsagePageDto })
  @ApiProblems('validation_failed')
  async page(@Query() query: UsageQueryDto): Promise<UsagePageDto> {
    const { items, nextCursor } = await this.usage.page(query);
    return { items: [...items], nextCursor };
  }

  @Get('overview')
  @Authorized('read')
  @ApiOperation({ summary: 'What goes on, in one answer: totals, a series, servers, and credentials that need attention' })
  @ApiOkResponse({ type: OverviewDto })
  @ApiProblems('validation_failed')
  read(@Query() query: OverviewQueryDto): Promise<OverviewDto> {
    return this.overview.read(query.window ?? '24h');
  }
}
