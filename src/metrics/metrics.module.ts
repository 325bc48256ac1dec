import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from '../admin/admin.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { OAuthModule } from '../oauth/oauth.module.js';
import { ServersModule } from '../servers/servers.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { GatewayMetrics } from './gateway-metrics.service.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.service.js';
import { QueueMetrics } from './queue-metrics.service.js';
import { RequestTallies } from './request-tallies.js';
import { StateMetrics } from './state-metrics.service.js';

/** What others count, for Prometheus. */
@Module({})
export class MetricsModule {
  static with(requests: RequestTallies): DynamicModule {
    return {
      module: MetricsModule,
      imports: [AdminModule, CredentialsModule, GatewayModule, OAuthModule, ServersModule, TokensModule, UsageModule, WebhooksModule],
      controllers: [MetricsController],
      providers: [GatewayMetrics, Metrics, QueueMetrics, StateMetrics, { provide: RequestTallies, useValue: requests }],
    };
  }
}
