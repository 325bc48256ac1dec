import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { AccessDto, SimulateDto, SimulationDto, SuggestionDto, SuggestionQueryDto } from './access.dto.js';
import { AccessExplorer } from './access-explorer.service.js';
import { Suggestions } from './suggestion.service.js';

const EXAMPLES = {
  tool: { summary: 'A call of a tool', value: { server: 'docs', operation: { method: 'tools/call', target: 'search_docs' } } },
  arguments: {
    summary: 'With its arguments',
    value: { server: 'files', operation: { method: 'tools/call', target: 'write_file', arguments: { path: '/data/a.txt' } } },
  },
  narrow: {
    summary: 'With a token for fewer scopes',
    value: { server: 'docs', operation: { method: 'tools/call', target: 'read_docs' }, scopes: ['mcp:search'] },
  },
  resource: { summary: 'A resource', value: { server: 'files', operation: { method: 'resources/read', target: 'file:///data/a.txt' } } },
};

/** What a credential may do, what it would be answered, and what it has needed. */
@ApiTags('credentials')
@Controller('api/v1/credentials')
export class AccessController {
  constructor(
    private readonly explorer: AccessExplorer,
    private readonly suggestions: Suggestions,
  ) {}

  @Get(':id/access')
  @Authorized('read')
  @ApiOperation({ summary: 'What it would be able to list and call, server by server, and which scope gives it' })
  @ApiOkResponse({ type: AccessDto })
  @ApiProblems('not_found')
  access(@Param('id') id: string): Promise<AccessDto> {
    return this.explorer.access(id);
  }

  @Post(':id/simulate')
  @HttpCode(200)
  @Authorized('read')
  @ApiOperation({ summary: 'Whether a call would be allowed, and why; nothing is called' })
  @ApiBody({ type: SimulateDto, examples: EXAMPLES })
  @ApiOkResponse({ type: SimulationDto })
  @ApiProblems('validation_failed', 'not_found')
  simulate(@Param('id') id: string, @Body() body: SimulateDto): Promise<SimulationDto> {
    return this.explorer.simulate(id, body);
  }

  @Get(':id/suggestion')
  @Authorized('read')
  @ApiOperation({ summary: 'The smallest permissions that its last days needed' })
  @ApiOkResponse({ type: SuggestionDto })
  @ApiProblems('validation_failed', 'not_found')
  suggestion(@Param('id') id: string, @Query() { days }: SuggestionQueryDto): Promise<SuggestionDto> {
    return this.suggestions.suggest(id, days);
  }
}
