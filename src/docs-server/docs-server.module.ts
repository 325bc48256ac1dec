import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DocsFeedback } from './docs-feedback.entity.js';
import { DocsFeedbackService } from './docs-feedback.service.js';
import { DocsRefresh } from './docs-refresh.service.js';
import { DocsWebhook } from './docs-webhook.entity.js';
import { DocsWebhooks } from './docs-webhooks.service.js';
import { DocsServers } from './docs-servers.service.js';

/** The built-in documentation MCP server: a folder of Markdown becomes tools and resources. */
@Module({
  imports: [TypeOrmModule.forFeature([DocsFeedback, DocsWebhook])],
  providers: [DocsFeedbackService, DocsRefresh, DocsServers, DocsWebhooks],
  exports: [DocsFeedbackService, DocsRefresh, DocsServers, DocsWebhooks],
})
export class DocsServerModule {}
