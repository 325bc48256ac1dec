import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { Sealer } from '../database/sealer.js';
import { Egress } from '../egress/egress.service.js';
import type { McpUpstream } from '../protocol/exchange.js';
import type { ServerState } from '../servers/server-state.js';
import type { HttpUpstreamSettings, StdioUpstreamSettings } from '../servers/upstream.js';
import { TRACING, type Tracing } from '../tracing/tracing.js';
import { DocsOpener } from './docs-opener.service.js';
import { EraBridge, type EraBridgeParts } from './eras/era-bridge.js';
import { ModernFace } from './eras/modern-face.js';
import type { OpenServer } from './groups/group-member.js';
import { GroupUpstream } from './groups/group-upstream.js';
import { HttpUpstream } from './http-upstream/http-upstream.js';
import type { Opened } from './opened.js';
import { RedisMarks } from './shared-marks.service.js';
import { SharedSessions } from './shared-sessions.service.js';
import { StdioServers } from './stdio/stdio-servers.service.js';
import { OPEN_AUTHENTICATOR, type OpenAuthenticator } from './upstream-auth/upstream-auth.js';

/** Opens the upstream of a server by its kind. */
@Injectable()
export class UpstreamOpener {
  constructor(
    private readonly docs: DocsOpener,
    private readonly stdio: StdioServers,
    private readonly egress: Egress,
    private readonly sealer: Sealer,
    private readonly marks: RedisMarks,
    private readonly sessions: SharedSessions,
    @Inject(OPEN_AUTHENTICATOR) private readonly openAuthenticator: OpenAuthenticator,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TRACING) private readonly tracing: Tracing | undefined,
  ) {}

  /** `openServer` opens the members of a group. @throws where its settings cannot be used. */
  open(server: ServerState, openServer: OpenServer): Opened | Promise<Opened> {
    const { upstream } = server;
    switch (upstream.kind) {
      case 'docs':
        return this.docs.open(server, upstream);
      case 'http':
        return this.openHttp(server, upstream);
      case 'stdio':
        return this.openStdio(server, upstream);
      case 'group':
        return bridged(new GroupUpstream({ name: server.name, members: upstream.members, openServer }), this.partsOf(server));
    }
  }

  private openHttp(server: ServerState, { url }: HttpUpstreamSettings): Opened {
    const { id: serverId, resource, limits } = server;
    const upstream = new HttpUpstream({
      serverId,
      url,
      resource,
      pool: this.egress.openPool(url),
      auth: this.openAuthenticator(server),
      sealer: this.sealer,
      clock: this.clock,
      timeoutSeconds: limits.timeoutSeconds,
      shared: this.marks,
      tracing: this.tracing,
    });
    return bridged(upstream, this.partsOf(server));
  }

  private openStdio(server: ServerState, settings: StdioUpstreamSettings): Opened {
    const parts = this.partsOf(server);
    return bridged(
      this.stdio.open(server, settings, (connections) => new ModernFace(connections, parts)),
      parts,
    );
  }

  private partsOf({ id, resource }: ServerState): EraBridgeParts {
    return { serverId: id, url: resource, sealer: this.sealer, clock: this.clock, states: this.sessions, tracing: this.tracing };
  }
}

/** An upstream in both eras, whichever it speaks itself. */
function bridged(inner: McpUpstream, parts: EraBridgeParts): Opened {
  const upstream = new EraBridge(inner, parts);
  return { upstream, itself: inner, close: () => upstream.close() };
}
