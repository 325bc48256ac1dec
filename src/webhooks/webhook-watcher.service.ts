import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { PATHS } from '../protocol/urls.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { HealthBoard, type ServerHealth } from '../servers/server-health.js';
import type { ServerState } from '../servers/server-state.js';
import type { Webhook } from './webhook.entity.js';
import { WebhookOutbox } from './webhook-outbox.service.js';
import { WebhookFindings } from './webhook-findings.service.js';

const LOOK_MS = 5000;
/** Findings cost a query each. */
const FINDINGS_EVERY = 12;
/** An outage within this time after another is the same one: a server that comes and goes is told of once. */
const OUTAGE_MS = 3_600_000;

/** Sees on every replica what webhooks are to be told of; the outbox sees to it that each is told once. */
@Injectable()
export class WebhookWatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Webhooks');
  private readonly task = new BackgroundTask(() => this.look(), LOOK_MS);
  private looks = 0;

  constructor(
    private readonly outbox: WebhookOutbox,
    private readonly findings: WebhookFindings,
    private readonly servers: ServerDirectory,
    private readonly health: HealthBoard,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.task.stop();
  }

  /** Looks at the servers, and every minute into the tables. */
  async look(): Promise<void> {
    try {
      const webhooks = await this.outbox.enabled();
      if (webhooks.length === 0) return;
      for (const server of this.servers.all) await this.lookAt(server, webhooks);
      if (this.looks++ % FINDINGS_EVERY === 0) await this.findings.tell(webhooks);
    } catch (error) {
      this.logger.warn(`What webhooks are to be told waits: ${(error as Error).message}`);
    }
  }

  private async lookAt(server: ServerState, webhooks: readonly Webhook[]): Promise<void> {
    const health = this.health.of(server.id);
    if (!health) return;
    const at = this.clock();
    const until = at + OUTAGE_MS;
    const data = this.describe(server, health);
    if (health.status === 'down') {
      await this.outbox.tellOnce(webhooks, { name: `server.down:${server.id}`, until }, { type: 'server.down', at, data });
    }
    if (health.breaker === 'open') {
      await this.outbox.tellOnce(webhooks, { name: `server.breaker_open:${server.id}`, until }, { type: 'server.breaker_open', at, data });
    }
  }

  private describe({ slug, name }: ServerState, { since, lastError }: ServerHealth): Record<string, unknown> {
    const url = `${this.config.publicUrl}${PATHS.dashboard}/servers/${slug}`;
    return { server: slug, name, since: new Date(since).toISOString(), lastError: lastError ?? null, dashboard: url };
  }
}
