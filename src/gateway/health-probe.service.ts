import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { HealthBoard, type ServerHealth } from '../servers/server-health.js';
import type { ServerState } from '../servers/server-state.js';
import type { GroupUpstreamSettings } from '../servers/upstream.js';
import { askAsGateway } from './own-call.js';
import { Upstreams } from './upstreams.service.js';

const ROUND_MS = 5000;
/** What was heard of within this time is not asked. */
const FRESH_MS = 30_000;
const TIMEOUT_MS = 10_000;
const AT_A_TIME = 4;

/**
 * Knows how servers do: by the calls that they answer, and by a question of its own where nobody calls. Children of `stdio` servers
 * are not asked, or they would never be idle.
 */
@Injectable()
export class HealthProbe implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask(() => this.round(), ROUND_MS);
  private readonly stopped = new AbortController();
  private readonly docsSince = new Map<string, Pick<ServerHealth, 'status' | 'since'>>();

  constructor(
    private readonly servers: ServerDirectory,
    private readonly upstreams: Upstreams,
    private readonly docs: DocsServers,
    @Inject(CLOCK) private readonly clock: Clock,
    board: HealthBoard,
  ) {
    board.answerWith((serverId) => this.of(serverId));
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped.abort();
    await this.task.stop();
  }

  /** Asks those that have not been heard of for a while. */
  async round(): Promise<void> {
    for (const id of this.docsSince.keys()) if (!this.servers.all.some((server) => server.id === id)) this.docsSince.delete(id);
    const due = this.servers.all.filter((server) => server.upstream.kind === 'http' && this.isDue(server));
    while (due.length > 0) await Promise.all(due.splice(0, AT_A_TIME).map((server) => this.ask(server)));
  }

  private of(serverId: string): ServerHealth | undefined {
    const server = this.servers.all.find(({ id }) => id === serverId);
    if (server?.upstream.kind === 'group') return this.ofGroup(server.upstream);
    return server?.upstream.kind === 'docs' ? this.ofDocs(serverId) : this.upstreams.healthOf(serverId);
  }

  /** As good as its worst member, of which it names all that are down. */
  private ofGroup({ members }: GroupUpstreamSettings): ServerHealth | undefined {
    const known = members.flatMap(({ server: slug }) => {
      const health = this.of(this.servers.find(slug)?.id ?? '');
      return health ? [{ slug, health }] : [];
    });
    const down = known.filter(({ health }) => health.status === 'down');
    const shown = (down.length > 0 ? down : known).map(({ health }) => health);
    if (shown.length === 0) return undefined;
    return {
      status: down.length > 0 ? 'down' : 'up',
      since: Math.max(...shown.map(({ since }) => since)),
      checkedAt: Math.max(...shown.map(({ checkedAt }) => checkedAt)),
      lastError: down.length > 0 ? `Down: ${down.map(({ slug }) => slug).join(', ')}. The others work.` : undefined,
    };
  }

  private isDue({ id }: ServerState): boolean {
    const heardAt = this.upstreams.healthOf(id)?.checkedAt;
    return heardAt === undefined || heardAt <= this.clock() - FRESH_MS;
  }

  /** What comes of it is remembered where the upstream remembers what came of every call. */
  private async ask(server: ServerState): Promise<void> {
    const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const upstream = await this.upstreams.of(server);
      await askAsGateway({ upstream, url: server.resource, signal })('tools/list', {});
    } catch {
      // That it did not answer is the answer; the upstream has taken note of it.
    }
  }

  /** Down is what has nothing to serve; with a fault, what was there before goes on being served. */
  private ofDocs(serverId: string): ServerHealth | undefined {
    const state = this.docs.stateOf(serverId);
    if (!state) return undefined;
    const { checkedAt, fault } = state;
    const status = state.isServing ? 'up' : 'down';
    const before = this.docsSince.get(serverId);
    const since = before?.status === status ? before.since : this.clock();
    this.docsSince.set(serverId, { status, since });
    return { status, since, checkedAt, lastError: fault };
  }
}
