import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { ClientSecret } from './client-secret.entity.js';
import { Credential } from './credential.entity.js';

interface Use {
  readonly credentialId: string;
  readonly at: number;
  readonly address: string;
}

/** Remembers when and from where secrets were last used; written with the batches of the audit trail, never on a request's path. */
@Injectable()
export class LastUsed {
  private uses = new Map<string, Use>();

  constructor(audit: AuditService) {
    audit.addToFlush((manager) => this.flush(manager));
  }

  note(secretId: string, use: Use): void {
    this.uses.set(secretId, use);
  }

  private async flush(manager: EntityManager): Promise<void> {
    if (this.uses.size === 0) return;
    const uses = this.uses;
    this.uses = new Map();
    try {
      for (const [id, { credentialId, at, address }] of uses) {
        await manager.update(ClientSecret, { id }, { lastUsedAt: at, lastUsedIp: address });
        await manager.update(Credential, { id: credentialId }, { lastUsedAt: at });
      }
    } catch (error) {
      this.uses = new Map([...uses, ...this.uses]);
      throw error;
    }
  }
}
