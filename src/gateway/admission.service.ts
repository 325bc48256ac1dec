import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../database/change-feed.service.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import type { ServerState } from '../servers/server-state.js';
import type { Face } from './call.js';

const RETRY_AFTER = { 'retry-after': '5' };

/** The first question to every request: is there such a server on this face, and may it be called at all at the moment? */
@Injectable()
export class Admission {
  private isClosed = false;

  constructor(
    private readonly servers: ServerDirectory,
    private readonly feed: ChangeFeed,
  ) {}

  /** @throws {McpError} 503 while shutting down or without fresh state (fail closed), 404 without such a server. */
  admit(face: Face, slug: string | undefined): ServerState {
    if (this.isClosed) throw unavailable('Shutting down. Try again.');
    if (face === 'authenticated' && !this.feed.isFresh)
      throw unavailable('Not available at the moment.', 'State is older than STATE_MAX_STALENESS');
    const server = this.servers.find(slug);
    if (!server || (server.access !== 'both' && server.access !== face)) {
      throw new McpError(404, MCP_CODE.invalidRequest, 'There is no MCP server here.');
    }
    return server;
  }

  /** Refuses every request from now on. */
  close(): void {
    this.isClosed = true;
  }
}

const unavailable = (message: string, detail = message): McpError =>
  new McpError(503, MCP_CODE.internalError, message, { detail, headers: RETRY_AFTER });
