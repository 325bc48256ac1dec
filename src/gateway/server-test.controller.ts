import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { CREATE_EXAMPLES } from '../servers/server-examples.js';
import { ServerTestDto, TestServerDto, TestUpstreamDto } from './server-test.dto.js';
import { ServerTester } from './server-tester.service.js';

const EXAMPLES = Object.fromEntries(
  Object.entries(CREATE_EXAMPLES).map(([name, { summary, value }]) => [name, { summary, value: { upstream: value.upstream } }]),
);

@ApiTags('servers')
@Controller('api/v1/servers')
export class ServerTestController {
  constructor(private readonly tester: ServerTester) {}

  @Post('test')
  @HttpCode(200)
  @Authorized('write')
  @ApiOperation({ summary: 'Try an upstream before it is stored: connects and lists' })
  @ApiBody({ type: TestUpstreamDto, examples: EXAMPLES })
  @ApiOkResponse({ type: ServerTestDto, description: 'What came of it; that it does not work is an answer, not an error.' })
  @ApiProblems('validation_failed', 'too_many_requests')
  testUnsaved(@Body() { upstream }: TestUpstreamDto): Promise<ServerTestDto> {
    return this.tester.testUnsaved(upstream);
  }

  @Post(':slug/test')
  @HttpCode(200)
  @Authorized('write')
  @ApiOperation({ summary: 'Try a server, as it is or with a change that is not stored: connects and lists' })
  @ApiBody({ type: TestServerDto, required: false })
  @ApiOkResponse({ type: ServerTestDto, description: 'What came of it; that it does not work is an answer, not an error.' })
  @ApiProblems('validation_failed', 'not_found', 'too_many_requests')
  testStored(@Param('slug') slug: string, @Body() { upstream }: TestServerDto): Promise<ServerTestDto> {
    return this.tester.testStored(slug, upstream);
  }
}
