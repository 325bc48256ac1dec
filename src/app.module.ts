import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module.js';
import { AuditModule } from './audit/audit.module.js';
import type { Clock } from './common/clock.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { RedisModule } from './config/redis.module.js';
import { CredentialsModule } from './credentials/credentials.module.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { DatabaseModule, type Storage } from './database/database.module.js';
import { EgressModule } from './egress/egress.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import type { Drain } from './common/drain.js';
import { HealthModule } from './health/health.module.js';
import { HousekeepingModule } from './housekeeping/housekeeping.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import type { RequestTallies } from './metrics/request-tallies.js';
import { OAuthModule } from './oauth/oauth.module.js';
import { RateLimitModule } from './rate-limit/rate-limit.module.js';
import { ServersModule } from './servers/servers.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { TracingModule } from './tracing/tracing.module.js';
import { UsageModule } from './usage/usage.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** What is there before the modules are, because the HTTP server needs it too. */
export interface Surroundings {
  readonly clock: Clock;
  readonly drain: Drain;
  readonly requests: RequestTallies;
}

/** The whole product, on a configuration and an opened database. */
@Module({})
export class AppModule {
  static with(config: Config, storage: Storage, { clock, drain, requests }: Surroundings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, clock),
        RedisModule,
        TracingModule,
        DatabaseModule.with(storage),
        RateLimitModule,
        EgressModule,
        AuditModule,
        TokensModule,
        AdminModule,
        ServersModule,
        CredentialsModule,
        OAuthModule,
        GatewayModule,
        HealthModule.with(drain),
        UsageModule,
        DashboardModule,
        WebhooksModule,
        HousekeepingModule,
        MetricsModule.with(requests),
      ],
    };
  }
}
