import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type AdminPrincipal, CurrentAdmin } from '../admin/current-admin.decorator.js';
import { AuditService } from '../audit/audit.service.js';
import { Authorized } from '../common/access.decorator.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { CREATE_EXAMPLES } from '../servers/server-examples.js';
import { ServerTestDto, TestServerDto, TestUpstreamDto } from './server-test.dto.js';
import type { UpstreamDto } from '../servers/upstream.dto.js';
import { ServerTester } from './server-tester.service.js';

const EXAMPLES = Object.fromEntries(
  Object.entries(CREATE_EXAMPLES).map(([name, { summary, value }]) => [name, { summary, value: { upstream: value.upstream } }]),
);

@ApiTags('servers')
@Controller('api/v1/servers')
export class ServerTestController {
  constructor(
    private readonly tester: ServerTester,
    private readonly audit: AuditService,
  ) {}

  @Post('test')
  @HttpCode(200)
  @Authorized('write')
  @ApiOperation({ summary: 'Try an upstream before it is stored: connects and lists' })
  @ApiBody({ type: TestUpstreamDto, examples: EXAMPLES })
  @ApiOkResponse({ type: ServerTestDto, description: 'What came of it; that it does not work is an answer, not an error.' })
  @ApiProblems('validation_failed', 'too_many_requests')
  async testUnsaved(@Body() { upstream }: TestUpstreamDto, @CurrentAdmin() admin: AdminPrincipal): Promise<ServerTestDto> {
    return this.note(await this.tester.testUnsaved(upstream), { upstream, admin });
  }

  @Post(':slug/test')
  @HttpCode(200)
  @Authorized('write')
  @ApiOperation({ summary: 'Try a server, as it is or with a change that is not stored: connects and lists' })
  @ApiBody({ type: TestServerDto, required: false })
  @ApiOkResponse({ type: ServerTestDto, description: 'What came of it; that it does not work is an answer, not an error.' })
  @ApiProblems('validation_failed', 'not_found', 'too_many_requests')
  async testStored(
    @Param('slug') slug: string,
    @Body() { upstream }: TestServerDto,
    @CurrentAdmin() admin: AdminPrincipal,
  ): Promise<ServerTestDto> {
    return this.note(await this.tester.testStored(slug, upstream), { slug, upstream, admin });
  }

  /** It reaches out in the gateway's name: the trail says who asked for that, and where it went. */
  private note(result: ServerTestDto, { slug, upstream, admin }: Tested): ServerTestDto {
    const detail = { ok: result.ok, kind: upstream?.kind, to: upstream?.kind === 'http' ? originOf(upstream.url) : undefined };
    this.audit.note({ kind: 'server.tested', server: slug, actor: admin.name, detail });
    return result;
  }
}

interface Tested {
  readonly slug?: string;
  readonly upstream: UpstreamDto | undefined;
  readonly admin: AdminPrincipal;
}

/** No path and no query, where keys may stand. */
const originOf = (url: string | undefined): string | undefined =>
  url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
