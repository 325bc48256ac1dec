import { Inject, Injectable } from '@nestjs/common';
import { Brackets, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import type { Transaction } from '../database/unit-of-work.service.js';
import { ProblemError } from '../protocol/problem.js';
import type { References, Referrer } from '../servers/server-references.js';
import { ServersService } from '../servers/servers.service.js';
import { Credential } from './credential.entity.js';
import { CREDENTIAL_TOPIC } from './credential-directory.service.js';
import type { CredentialSettings } from './credential-settings.js';

/** Credentials that one request takes a server out of. */
const MAX_DETACHED = 1000;
const EXAMPLES = 5;

/** Says which credentials name a server, and takes it out of them. */
@Injectable()
export class CredentialServers implements Referrer {
  constructor(
    private readonly audit: AuditService,
    @Inject(CLOCK) private readonly clock: Clock,
    servers: ServersService,
  ) {
    servers.addReferrer(this);
  }

  async find(manager: EntityManager, slug: string): Promise<References> {
    const found = await this.naming(manager, slug);
    return { what: 'credentials', count: found.length, examples: found.slice(0, EXAMPLES).map(({ label }) => label) };
  }

  async detach(transaction: Transaction, slug: string, actor: string): Promise<void> {
    const found = await this.naming(transaction.manager, slug);
    if (found.length > MAX_DETACHED) {
      throw new ProblemError('server_in_use', `More than ${MAX_DETACHED} credentials name it: take it out of those first.`);
    }
    for (const credential of found) await this.takeOut(transaction, credential, { slug, actor });
  }

  private async takeOut(transaction: Transaction, credential: Credential, { slug, actor }: { slug: string; actor: string }): Promise<void> {
    const { id, clientId, label, settings, version } = credential;
    const servers = credential.servers.filter((server) => server !== slug);
    const kept = settings && withoutServer(settings, slug);
    await transaction.manager.update(Credential, { id }, { servers, settings: kept, updatedAt: this.clock(), version: version + 1 });
    const detail = { label, fields: ['servers'], deletedServer: slug };
    await this.audit.record(transaction.manager, { kind: 'credential.changed', credentialId: id, clientId, actor, detail });
    await transaction.changed(CREDENTIAL_TOPIC, id);
  }

  /** Lists are kept as JSON: what holds the slug as a text is looked at. */
  private async naming(manager: EntityManager, slug: string): Promise<Credential[]> {
    const text = `%${JSON.stringify(slug)}%`;
    const candidates = await manager
      .createQueryBuilder(Credential, 'credential')
      .where(
        new Brackets((either) =>
          either.where('credential.servers LIKE :text', { text }).orWhere('credential.settings LIKE :text', { text }),
        ),
      )
      .orderBy('credential.id', 'ASC')
      .take(10 * MAX_DETACHED)
      .getMany();
    return candidates.filter(({ servers, settings }) => servers.includes(slug) || settings?.introspects?.includes(slug));
  }
}

function withoutServer({ introspects, permissions, ...settings }: CredentialSettings, slug: string): CredentialSettings {
  const others = Object.entries(permissions ?? {}).filter(([server]) => server !== slug);
  return {
    ...settings,
    ...(introspects ? { introspects: introspects.filter((server) => server !== slug) } : {}),
    ...(others.length > 0 ? { permissions: Object.fromEntries(others) } : {}),
  };
}
