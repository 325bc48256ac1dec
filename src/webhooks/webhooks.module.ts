import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminModule } from '../admin/admin.module.js';
import { Credential } from '../credentials/credential.entity.js';
import { Sealer } from '../database/sealer.js';
import { ServersModule } from '../servers/servers.module.js';
import { UsageHour } from '../usage/usage-hour.entity.js';
import { LeakMessages } from './leak-messages.service.js';
import { Webhook } from './webhook.entity.js';
import { WebhookDeliverer } from './webhook-deliverer.service.js';
import { WebhookFindings } from './webhook-findings.service.js';
import { WebhookMessage, WebhookNotice } from './webhook-message.entity.js';
import { WebhookOutbox } from './webhook-outbox.service.js';
import { WebhookRetention } from './webhook-retention.service.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookWatcher } from './webhook-watcher.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Tells other systems of what somebody should know: signed, at least once, by whichever replica comes first. */
@Module({
  imports: [AdminModule, ServersModule, TypeOrmModule.forFeature([Credential, UsageHour, Webhook, WebhookMessage, WebhookNotice])],
  controllers: [WebhooksController],
  exports: [WebhookDeliverer],
  providers: [
    LeakMessages,
    WebhookDeliverer,
    WebhookFindings,
    WebhookOutbox,
    WebhookRetention,
    WebhookWatcher,
    WebhooksService,
    { provide: WebhookSecrets, inject: [Sealer], useFactory: (sealer: Sealer) => new WebhookSecrets(sealer) },
  ],
})
export class WebhooksModule {}
