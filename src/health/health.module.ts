import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { DocsServerModule } from '../docs-server/docs-server.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { Drain } from '../common/drain.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.service.js';

/** Whether the process lives, and whether it is to be sent requests. */
@Module({})
export class HealthModule {
  static with(drain: Drain): DynamicModule {
    return {
      module: HealthModule,
      global: true,
      imports: [AuditModule, DocsServerModule, TokensModule],
      controllers: [HealthController],
      providers: [Readiness, { provide: Drain, useValue: drain }],
      exports: [Drain],
    };
  }
}
