import { Inject, Injectable } from '@nestjs/common';
import { VERSION } from '../common/version.js';
import { CONFIG, type Config } from '../config/config.js';
import { Drain } from '../common/drain.js';
import { Exposition } from './exposition.js';
import { GatewayMetrics } from './gateway-metrics.service.js';
import { RequestTallies } from './request-tallies.js';
import { StateMetrics } from './state-metrics.service.js';

/** Every metric there is; none where nobody may read them. */
@Injectable()
export class Metrics {
  readonly exposition: Exposition | undefined;

  constructor(
    @Inject(CONFIG) { metricsToken }: Pick<Config, 'metricsToken'>,
    requests: RequestTallies,
    gateway: GatewayMetrics,
    state: StateMetrics,
    drain: Drain,
  ) {
    if (metricsToken === undefined) return;
    const exposition = new Exposition();
    const labels = ['method', 'route', 'status'];
    exposition.histogram(
      { name: 'gatehouse_http_request_duration_seconds', help: 'Requests that were answered, by route.', labels },
      () => requests.all,
    );
    exposition.gauge({ name: 'gatehouse_draining', help: '1 while it shuts down.' }, () => [{ value: Number(drain.isLeaving) }]);
    exposition.gauge({ name: 'gatehouse_info', help: 'Always 1; says what runs.', labels: ['version'] }, () => [
      { labels: { version: VERSION }, value: 1 },
    ]);
    gateway.describe(exposition);
    state.describe(exposition);
    exposition.addProcess();
    this.exposition = exposition;
  }
}
