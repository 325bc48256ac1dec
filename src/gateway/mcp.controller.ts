import { All, Controller, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { PATHS } from '../protocol/urls.js';
import { BearerGuard } from './bearer.guard.js';
import { McpEndpoint, type McpRequest } from './mcp-endpoint.service.js';

/** Servers behind a token. Public to admins' guards only: the bearer guard asks for the token. */
@Public()
@UseGuards(BearerGuard)
@ApiExcludeController()
@Controller(PATHS.protectedMcp)
export class ProtectedMcpController {
  constructor(private readonly endpoint: McpEndpoint) {}

  @All(['', ':slug'])
  serve(@Req() request: McpRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.endpoint.serveProtected(request, reply);
  }
}

/** Servers with a public face. */
@Public()
@ApiExcludeController()
@Controller(PATHS.publicMcp)
export class PublicMcpController {
  constructor(private readonly endpoint: McpEndpoint) {}

  @All(['', ':slug'])
  serve(@Req() request: McpRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.endpoint.servePublic(request, reply);
  }
}
