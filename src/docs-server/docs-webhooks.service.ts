import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { generateSecret } from '../common/secret-format.js';
import { CONFIG, type Config } from '../config/config.js';
import type { SealedColumn } from '../database/reseal.js';
import { Sealer } from '../database/sealer.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { DocsWebhook } from './docs-webhook.entity.js';

const PREFIX = 'mcw_';
const sealPurpose = (serverId: string): string => `docs-webhook:${serverId}`;
export const SEALED_WEBHOOK_SECRETS: SealedColumn = { entity: DocsWebhook, key: 'serverId', column: 'secret', purposeOf: sealPurpose };
/** Compared with where there is no secret, so that it costs the same and reads the same. */
const NOBODYS = randomBytes(32).toString('base64url');

/** How a Git host proves a request: a signature over its body, or the secret itself in a header (GitLab). */
export interface WebhookProof {
  readonly signature?: string | undefined;
  readonly token?: string | undefined;
}

interface NamedServer {
  readonly id: string;
  readonly slug: string;
}

/** The secrets by which Git hosts ask for a pull. One for each server, sealed. */
@Injectable()
export class DocsWebhooks {
  constructor(
    @InjectRepository(DocsWebhook) private readonly webhooks: Repository<DocsWebhook>,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly sealer: Sealer,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A new secret, this once; one from before ends. */
  async make({ id, slug }: NamedServer, actor: string): Promise<{ url: string; secret: string }> {
    const secret = generateSecret(PREFIX);
    const row = { serverId: id, secret: this.sealer.seal(sealPurpose(id), secret), createdAt: this.clock() };
    await this.unitOfWork.run(async ({ manager }) => {
      await manager.delete(DocsWebhook, { serverId: id });
      await manager.insert(DocsWebhook, row);
      await this.audit.record(manager, { kind: 'docs.webhook_created', server: slug, actor });
    });
    return { url: `${this.config.publicUrl}/webhooks/docs/${slug}`, secret };
  }

  /** Whether there was one. */
  async remove({ id, slug }: NamedServer, actor: string): Promise<boolean> {
    return this.unitOfWork.run(async ({ manager }) => {
      const { affected } = await manager.delete(DocsWebhook, { serverId: id });
      if (!affected) return false;
      await this.audit.record(manager, { kind: 'docs.webhook_deleted', server: slug, actor });
      return true;
    });
  }

  has(serverId: string): Promise<boolean> {
    return this.webhooks.existsBy({ serverId });
  }

  /** Whether a request was made with the secret of this server. */
  async isGenuine(serverId: string | undefined, body: Buffer, { signature, token }: WebhookProof): Promise<boolean> {
    const row = serverId === undefined ? null : await this.webhooks.findOneBy({ serverId });
    const secret = row ? this.sealer.open(sealPurpose(row.serverId), row.secret).toString('utf8') : NOBODYS;
    const digest = createHmac('sha256', secret).update(body).digest('hex');
    const isSigned = equals(digest, (signature ?? '').replace(/^sha256=/, ''));
    const isNamed = equals(secret, token ?? '');
    return row !== null && (isSigned || isNamed);
  }
}

/** In constant time for texts of any length. */
function equals(expected: string, given: string): boolean {
  const digestOf = (text: string): Buffer => createHmac('sha256', NOBODYS).update(text).digest();
  return timingSafeEqual(digestOf(expected), digestOf(given));
}
