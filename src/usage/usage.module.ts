import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ClientSecret } from '../credentials/client-secret.entity.js';
import { Credential } from '../credentials/credential.entity.js';
import { ServersModule } from '../servers/servers.module.js';
import { AttentionService } from './attention.service.js';
import { OverviewService } from './overview.service.js';
import { UsageController } from './usage.controller.js';
import { UsageCounters } from './usage-counters.service.js';
import { UsageHour } from './usage-hour.entity.js';
import { UsageService } from './usage.service.js';

/** Counts of use, and what they say about servers and credentials. */
@Module({
  imports: [ServersModule, TypeOrmModule.forFeature([UsageHour, Credential, ClientSecret])],
  controllers: [UsageController],
  providers: [AttentionService, OverviewService, UsageCounters, UsageService],
  exports: [UsageCounters],
})
export class UsageModule {}
