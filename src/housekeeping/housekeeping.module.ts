import { Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { IdempotencyService } from '../admin/idempotency.service.js';
import { SessionsService } from '../admin/sessions/sessions.service.js';
import { AuditRetention } from '../audit/audit-retention.service.js';
import { ExpiredSecrets } from '../credentials/expired-secrets.service.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { TaskOwners } from '../gateway/tasks/task-owners.service.js';
import { ExpiredRows } from '../tokens/expired-rows.service.js';
import { UsageCounters } from '../usage/usage-counters.service.js';
import { WebhookRetention } from '../webhooks/webhook-retention.service.js';
import { type Chore, CHORES, Housekeeping } from './housekeeping.service.js';

/** Each says for itself what has had its time. */
function choresOf(modules: ModuleRef): Chore[] {
  const of = <T>(type: new (...parameters: never[]) => T): T => modules.get<T>(type, { strict: false });
  return [
    () => of(ExpiredRows).removeAll(),
    () => of(ExpiredSecrets).removeAll(),
    () => of(IdempotencyService).prune(),
    () => of(SessionsService).prune(),
    () => of(UsageCounters).prune(),
    () => of(ChangeFeed).prune(),
    () => of(AuditRetention).removeOld(),
    () => of(WebhookRetention).removeOld(),
    () => of(TaskOwners).prune(),
  ];
}

/** What has had its time leaves its tables. */
@Module({ providers: [{ provide: CHORES, inject: [ModuleRef], useFactory: choresOf }, Housekeeping] })
export class HousekeepingModule {}
