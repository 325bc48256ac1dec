import { Injectable } from '@nestjs/common';
import { EventStreams } from '../admin/event-streams.service.js';
import { CallRecorder } from '../gateway/call-recorder.js';
import { McpEndpoint } from '../gateway/mcp-endpoint.service.js';
import { StdioServers } from '../gateway/stdio/stdio-servers.service.js';
import { StreamKeeper } from '../gateway/stream-keeper.service.js';
import { Upstreams } from '../gateway/upstreams.service.js';
import type { CircuitState } from '../protocol/exchange.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { HealthBoard } from '../servers/server-health.js';
import type { Exposition, Sample } from './exposition.js';

const CIRCUITS: readonly CircuitState['circuit'][] = ['closed', 'half-open', 'open'];
const SERVER = ['server'];

/** What there is to know of calls, and of the upstreams that they go to. */
@Injectable()
export class GatewayMetrics {
  constructor(
    private readonly servers: ServerDirectory,
    private readonly upstreams: Upstreams,
    private readonly recorder: CallRecorder,
    private readonly health: HealthBoard,
    private readonly endpoint: McpEndpoint,
    private readonly streams: StreamKeeper,
    private readonly events: EventStreams,
    private readonly stdio: StdioServers,
  ) {}

  describe(exposition: Exposition): void {
    this.describeCalls(exposition);
    this.describeUpstreams(exposition);
    this.describeConnections(exposition);
  }

  private describeCalls(exposition: Exposition): void {
    exposition.counter(
      { name: 'gatehouse_calls_total', help: 'Operations on servers, by what became of them.', labels: ['server', 'outcome'] },
      () => this.calls(),
    );
    exposition.counter(
      { name: 'gatehouse_gateway_decisions_total', help: 'Operations allowed and refused, by reason.', labels: ['decision', 'reason'] },
      () => this.decisions(),
    );
    exposition.gauge({ name: 'gatehouse_calls_in_flight', help: 'Calls under way.' }, () => [{ value: this.endpoint.calls }]);
  }

  private describeUpstreams(exposition: Exposition): void {
    exposition.histogram(
      { name: 'gatehouse_upstream_duration_seconds', help: 'Until an upstream has begun to answer a call.', labels: SERVER },
      () => this.upstreams.open.map(({ server, latency }) => ({ labels: { server: server.slug }, tally: latency })),
    );
    exposition.gauge(
      { name: 'gatehouse_upstream_up', help: '1 while it answers, 0 while it is down; absent before anything is known.', labels: SERVER },
      () =>
        this.servers.all.flatMap(({ id, slug }) => {
          const status = this.health.of(id)?.status ?? 'unknown';
          return status === 'unknown' ? [] : [{ labels: { server: slug }, value: Number(status === 'up') }];
        }),
    );
    exposition.gauge(
      { name: 'gatehouse_upstream_breaker_state', help: '1 for the state that the circuit breaker is in.', labels: ['server', 'state'] },
      () => this.breakers(),
    );
  }

  private describeConnections(exposition: Exposition): void {
    exposition.gauge(
      {
        name: 'gatehouse_upstream_connections',
        help: 'Connections to http upstreams: open, free of these, and streams on their own; and the calls that wait for one.',
        labels: ['server', 'state'],
      },
      () => this.connections(),
    );
    exposition.gauge({ name: 'gatehouse_open_sessions', help: 'Legacy sessions that this process knows to be open.', labels: SERVER }, () =>
      this.upstreams.open.map(({ server, upstream }) => ({ labels: { server: server.slug }, value: upstream.countSessions?.() ?? 0 })),
    );
    exposition.gauge({ name: 'gatehouse_open_streams', help: 'Event streams that are open.', labels: ['kind'] }, () => [
      { labels: { kind: 'mcp' }, value: this.streams.openStreams },
      { labels: { kind: 'events' }, value: this.events.size },
    ]);
    exposition.gauge({ name: 'gatehouse_stdio_children', help: 'Children of stdio upstreams that run.' }, () => [
      { value: this.stdio.children },
    ]);
  }

  private calls(): Sample[] {
    const { all } = this.servers;
    this.recorder.keepOnly(new Set(all.map(({ id }) => id)));
    return all.flatMap(({ id, slug }) =>
      this.recorder.outcomesOf(id).map(([outcome, value]) => ({ labels: { server: slug, outcome }, value })),
    );
  }

  private decisions(): Sample[] {
    const refused = this.recorder.refusals.entries.map(([reason, value]) => ({ labels: { decision: 'refused', reason }, value }));
    return [{ labels: { decision: 'allowed', reason: 'none' }, value: this.recorder.allowed.count }, ...refused];
  }

  private breakers(): Sample[] {
    return this.upstreams.open.flatMap(({ server, upstream }) => {
      const circuit = upstream.state?.()?.circuit;
      if (circuit === undefined) return [];
      return CIRCUITS.map((state) => ({
        labels: { server: server.slug, state: state.replace('-', '_') },
        value: Number(state === circuit),
      }));
    });
  }

  private connections(): Sample[] {
    return this.upstreams.open.flatMap(({ server, upstream }) => {
      const connections = upstream.countConnections?.();
      return connections
        ? Object.entries<number>({ ...connections }).map(([state, value]) => ({ labels: { server: server.slug, state }, value }))
        : [];
    });
  }
}
