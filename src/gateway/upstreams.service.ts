import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { DurationTally } from '../common/tally.js';
import type { McpUpstream } from '../protocol/exchange.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { HealthBoard, type ServerHealth } from '../servers/server-health.js';
import type { ServerState } from '../servers/server-state.js';
import { Lease } from './lease.js';
import type { Opened } from './opened.js';
import { TaskGuard } from './tasks/task-guard.js';
import { TaskOwners } from './tasks/task-owners.service.js';
import { UpstreamOpener } from './upstream-opener.service.js';

const RECONCILE_MS = 1000;

/**
 * Where each server's messages go: opened at the start, or at the first call for a server that was added since; documentation
 * servers within a second. A change of a server's settings opens a new upstream at once; what is under way finishes on the old one.
 */
@Injectable()
export class Upstreams implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Upstreams');
  private readonly leases = new Map<string, Lease>();
  private readonly opening = new Map<string, Promise<Lease>>();
  /** By server; a new upstream goes on where the former one stopped. */
  private readonly latencies = new Map<string, DurationTally>();
  /** The versions of settings that could not be opened: the next call tries again. */
  private readonly refused = new Map<string, number>();
  private readonly task = new BackgroundTask(() => this.reconcile(), RECONCILE_MS);

  constructor(
    private readonly servers: ServerDirectory,
    private readonly opener: UpstreamOpener,
    private readonly tasks: TaskOwners,
    health: HealthBoard,
  ) {
    health.answerWith((serverId) => this.healthOf(serverId));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.openAll();
    this.task.start();
  }

  /** After the last answer: closes what is open. */
  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    await Promise.all([...this.leases.values()].map((lease) => lease.end()));
    this.leases.clear();
  }

  /** The upstream of a server; at once where it is open. */
  of(server: ServerState): McpUpstream | Promise<McpUpstream> {
    const lease = this.leaseOf(server);
    return lease instanceof Promise ? lease.then(({ upstream }) => upstream) : lease.upstream;
  }

  /** The same for a call that tells when it enters and when it leaves, so that nothing is closed under it. */
  leaseOf(server: ServerState): Lease | Promise<Lease> {
    const lease = this.leases.get(server.id);
    // A call may have been admitted under settings that are history by now.
    if (lease && lease.server.version >= server.version) return lease;
    if (lease && isSameUpstream(lease.server, server)) {
      lease.server = server;
      return lease;
    }
    return this.openOnce(server);
  }

  /** How a server's upstream does; undefined where it was not called yet or has no connection that could break. */
  healthOf(serverId: string): ServerHealth | undefined {
    const state = this.leases.get(serverId)?.upstream.state?.();
    if (state?.heardAt === undefined) return undefined;
    const { circuit, since, heardAt, lastFault } = state;
    return { status: lastFault === undefined ? 'up' : 'down', since, checkedAt: heardAt, lastError: lastFault, breaker: circuit };
  }

  /** Every upstream that is open, with the server that it is of. */
  get open(): readonly Pick<Lease, 'server' | 'upstream' | 'latency'>[] {
    return [...this.leases.values()];
  }

  /** Ends the sessions and streams of a caller everywhere. */
  endSessions(owner: string): void {
    for (const { upstream } of this.leases.values()) upstream.endSessions(owner);
  }

  /** A member of a group is opened when it is asked, and stays what it is: with its own credentials, limits and state. */
  openMember(slug: string): Lease | Promise<Lease> | undefined {
    const member = this.servers.find(slug);
    return member && member.upstream.kind !== 'group' ? this.leaseOf(member) : undefined;
  }

  private async openAll(): Promise<void> {
    for (const server of this.servers.all) {
      try {
        await this.leaseOf(server);
      } catch (error) {
        // The others serve all the same, and the next call for this one tries again.
        this.logger.error((error as Error).message);
      }
    }
  }

  /** Follows the directory also where nobody calls: streams of former settings must not stay for ever. */
  private async reconcile(): Promise<void> {
    const current = new Set(this.servers.all.map(({ id }) => id));
    for (const [id, lease] of this.leases) {
      if (current.has(id)) continue;
      this.leases.delete(id);
      this.latencies.delete(id);
      lease.retire();
    }
    for (const id of this.refused.keys()) if (!current.has(id)) this.refused.delete(id);
    for (const server of this.servers.all.filter((one) => this.isToOpen(one))) {
      try {
        await this.leaseOf(server);
      } catch (error) {
        this.refused.set(server.id, server.version);
        this.logger.error((error as Error).message);
      }
    }
  }

  /** A documentation server reads its pages before anybody asks for one. */
  private isToOpen({ id, version, upstream }: ServerState): boolean {
    const lease = this.leases.get(id);
    if (this.refused.get(id) === version) return false;
    return lease ? lease.server.version < version : upstream.kind === 'docs';
  }

  private openOnce(server: ServerState): Promise<Lease> {
    const key = `${server.id} ${server.version}`;
    const underWay = this.opening.get(key);
    if (underWay) return underWay;
    const opening = this.openAnew(server).finally(() => this.opening.delete(key));
    this.opening.set(key, opening);
    return opening;
  }

  private async openAnew(server: ServerState): Promise<Lease> {
    const { upstream, close } = await this.tryOpen(server);
    const former = this.leases.get(server.id);
    if (former && former.server.version > server.version) {
      await close();
      return former;
    }
    const latency = this.latencies.get(server.id) ?? new DurationTally();
    this.latencies.set(server.id, latency);
    const lease = new Lease(this.guard(upstream, server), server, close, latency);
    this.leases.set(server.id, lease);
    former?.retire();
    return lease;
  }

  /** The documentation has no tasks, and a group's are its members'. */
  private guard(inner: McpUpstream, { id, upstream: { kind } }: ServerState): McpUpstream {
    return kind === 'http' || kind === 'stdio' ? new TaskGuard(inner, id, this.tasks) : inner;
  }

  private async tryOpen(server: ServerState): Promise<Opened> {
    try {
      return await this.opener.open(server, (slug) => this.openMember(slug));
    } catch (cause) {
      const detail = `The upstream of ${server.slug} cannot be opened: ${(cause as Error).message}`;
      throw new McpError(502, MCP_CODE.internalError, 'The upstream cannot be reached.', { detail, cause });
    }
  }
}

/** Whether a change of a server leaves its upstream as it is, so that its connections, sessions and what is known of it can stay. */
function isSameUpstream(before: ServerState, after: ServerState): boolean {
  return (
    before.name === after.name &&
    before.resource === after.resource &&
    before.limits.timeoutSeconds === after.limits.timeoutSeconds &&
    isDeepStrictEqual(before.upstream, after.upstream) &&
    hasSameSecrets(before, after)
  );
}

function hasSameSecrets(before: ServerState, after: ServerState): boolean {
  try {
    return isDeepStrictEqual(before.openSecrets(), after.openSecrets());
  } catch {
    // Sealed under another key: what opens the upstream says so.
    return false;
  }
}
