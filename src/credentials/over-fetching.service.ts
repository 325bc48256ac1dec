import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { Credential } from './credential.entity.js';

interface Note {
  count: number;
  at: number;
}

/** Counts, per credential, the tokens that were asked for although the last one was fresh; written with the batches of the audit trail. */
@Injectable()
export class OverFetching {
  private notes = new Map<string, Note>();

  constructor(audit: AuditService) {
    audit.addToFlush((manager) => this.flush(manager));
  }

  note(credentialId: string, at: number): void {
    const note = this.notes.get(credentialId);
    if (!note) this.notes.set(credentialId, { count: 1, at });
    else {
      note.count++;
      note.at = at;
    }
  }

  private async flush(manager: EntityManager): Promise<void> {
    const notes = this.notes;
    this.notes = new Map();
    try {
      for (const [id, { count, at }] of notes) {
        await manager.increment(Credential, { id }, 'overFetchCount', count);
        await manager.update(Credential, { id }, { overFetchedAt: at });
      }
    } catch (error) {
      for (const [id, { count, at }] of notes) this.merge(id, count, at);
      throw error;
    }
  }

  private merge(id: string, count: number, at: number): void {
    const newer = this.notes.get(id);
    this.notes.set(id, { count: count + (newer?.count ?? 0), at: newer?.at ?? at });
  }
}
