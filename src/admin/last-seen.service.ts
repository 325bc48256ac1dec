import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { AdminKey } from './admin-key.entity.js';
import { Admin } from './admin.entity.js';

/** Fine enough for people, and not a write for each request. */
const STEP_MS = 60_000;

interface Seen {
  readonly kind: 'admin' | 'key';
  readonly at: number;
}

/** Remembers when admins and keys last signed in; written with the batches of the audit trail, never on a request's path. */
@Injectable()
export class LastSeen {
  private seen = new Map<string, Seen>();

  constructor(audit: AuditService) {
    audit.addToFlush((manager) => this.flush(manager));
  }

  /** `before` is what is stored so far. */
  note(id: string, seen: Seen, before: number | null): void {
    if (before === null || seen.at - before >= STEP_MS) this.seen.set(id, seen);
  }

  private async flush(manager: EntityManager): Promise<void> {
    if (this.seen.size === 0) return;
    const seen = this.seen;
    this.seen = new Map();
    try {
      for (const [id, { kind, at }] of seen) await store(manager, id, { kind, at });
    } catch (error) {
      this.seen = new Map([...seen, ...this.seen]);
      throw error;
    }
  }
}

async function store(manager: EntityManager, id: string, { kind, at }: Seen): Promise<void> {
  if (kind === 'key') await manager.update(AdminKey, { id }, { lastUsedAt: at });
  // The version stays: a sign-in is no change that an If-Match must notice.
  else await manager.update(Admin, { id }, { lastSignInAt: at, version: () => 'version' });
}
