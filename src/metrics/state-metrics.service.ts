import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import type { CacheFigures } from '../common/tally.js';
import { CredentialDirectory } from '../credentials/credential-directory.service.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { TokenCounts } from '../oauth/counted-recorder.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { KeyRing } from '../tokens/key-ring.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { TraceExports } from '../tracing/trace-exports.service.js';
import type { Exposition, Sample } from './exposition.js';
import { QueueMetrics } from './queue-metrics.service.js';

/** What there is to know of tokens, and of the state that this process holds and owes. */
@Injectable()
export class StateMetrics {
  constructor(
    private readonly tokens: TokenCounts,
    private readonly feed: ChangeFeed,
    private readonly ring: KeyRing,
    private readonly verifier: TokenVerifier,
    private readonly credentials: CredentialDirectory,
    private readonly limits: RateLimits,
    private readonly queues: QueueMetrics,
    private readonly traces: TraceExports,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  describe(exposition: Exposition): void {
    this.describeTokens(exposition);
    this.describeFeed(exposition);
    this.describeCaches(exposition);
    this.describeLimits(exposition);
    this.queues.describe(exposition);
    exposition.counter({ name: 'gatehouse_trace_spans_total', help: 'Spans sent to the receiver of traces.', labels: ['outcome'] }, () => [
      { labels: { outcome: 'arrived' }, value: this.traces.arrived.count },
      { labels: { outcome: 'lost' }, value: this.traces.lost.count },
    ]);
  }

  private describeTokens(exposition: Exposition): void {
    exposition.counter(
      { name: 'gatehouse_token_requests_total', help: 'Requests to the token endpoint: issued, or why not.', labels: ['grant', 'outcome'] },
      () => this.tokens.all.map(({ grant, outcome, count }) => ({ labels: { grant, outcome }, value: count })),
    );
    exposition.gauge({ name: 'gatehouse_signing_keys', help: 'Keys in memory, by what they are for.', labels: ['state'] }, () =>
      this.keys(),
    );
    exposition.gauge({ name: 'gatehouse_signing_key_age_seconds', help: 'For how long the key that signs has signed.' }, () =>
      this.ring.all.filter((key) => key === this.signing()).map(({ signsFrom }) => ({ value: (this.clock() - signsFrom) / 1000 })),
    );
  }

  private describeFeed(exposition: Exposition): void {
    exposition.gauge({ name: 'gatehouse_change_feed_staleness_seconds', help: 'Since the database was last heard.' }, () => [
      { value: this.feed.stalenessMs / 1000 },
    ]);
    exposition.gauge({ name: 'gatehouse_change_feed_fresh', help: '0 while tokens and calls are refused (STATE_MAX_STALENESS).' }, () => [
      { value: Number(this.feed.isFresh) },
    ]);
  }

  private describeCaches(exposition: Exposition): void {
    const labels = ['cache'];
    exposition.counter({ name: 'gatehouse_cache_hits_total', help: 'Found in memory.', labels }, () => this.caches(({ hits }) => hits));
    exposition.counter({ name: 'gatehouse_cache_misses_total', help: 'Not found in memory.', labels }, () =>
      this.caches(({ misses }) => misses),
    );
    exposition.gauge({ name: 'gatehouse_cache_entries', help: 'What is in memory.', labels }, () => this.caches(({ size }) => size));
    exposition.gauge({ name: 'gatehouse_cache_capacity', help: 'What has room in memory.', labels }, () =>
      this.caches(({ capacity }) => capacity),
    );
  }

  private describeLimits(exposition: Exposition): void {
    exposition.gauge({ name: 'gatehouse_rate_limits_shared', help: '0 while each replica counts for itself; absent without Redis.' }, () =>
      this.limits.areShared === undefined ? [] : [{ value: Number(this.limits.areShared) }],
    );
    exposition.counter({ name: 'gatehouse_rate_limit_fallbacks_total', help: 'Counted in memory because Redis did not answer.' }, () => [
      { value: this.limits.fallbacks.count },
    ]);
    exposition.gauge({ name: 'gatehouse_rate_limit_entries', help: 'What is counted in memory.' }, () => [{ value: this.limits.size }]);
  }

  private caches(figure: (figures: CacheFigures) => number): Sample[] {
    const { verifier, credentials } = this;
    return Object.entries({ tokens: verifier.figures, credentials: credentials.figures }).map(([cache, figures]) => ({
      labels: { cache },
      value: figure(figures),
    }));
  }

  private keys(): Sample[] {
    const now = this.clock();
    const signing = this.signing();
    const published = this.ring.all.filter(({ retiresAt }) => retiresAt === null || retiresAt > now);
    const waiting = published.filter(({ signsFrom }) => signsFrom > now).length;
    const value = {
      waiting,
      signing: Number(signing !== undefined),
      verifying: published.length - waiting - Number(signing !== undefined),
    };
    return Object.entries(value).map(([state, count]) => ({ labels: { state }, value: count }));
  }

  private signing() {
    return this.ring.findSigning(this.clock());
  }
}
