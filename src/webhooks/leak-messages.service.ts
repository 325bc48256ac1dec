import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService, type EventInput } from '../audit/audit.service.js';
import type { WebhookEvent } from './webhook-events.js';
import { WebhookOutbox } from './webhook-outbox.service.js';

const TOLD: ReadonlySet<string> = new Set<WebhookEvent>(['credential.secret_leaked', 'admin_key.leaked']);
const isTold = (kind: string): kind is WebhookEvent => TOLD.has(kind);

/** Queues a message for every leaked secret, in the transaction that ends it. */
@Injectable()
export class LeakMessages {
  constructor(
    audit: AuditService,
    private readonly outbox: WebhookOutbox,
  ) {
    audit.joinActs((manager, event, at) => this.queue(manager, event, at));
  }

  private async queue(
    manager: EntityManager,
    { kind, credentialId, clientId, address, detail = {} }: EventInput,
    at: number,
  ): Promise<void> {
    if (!isTold(kind)) return;
    const { id, label, hint, source } = detail;
    const whose = credentialId === undefined ? { adminKeyId: id } : { credentialId, clientId };
    const data = { ...whose, label, hint, source: source ?? null, reportedFrom: address ?? null };
    await this.outbox.queue(manager, { type: kind, at, data });
  }
}
