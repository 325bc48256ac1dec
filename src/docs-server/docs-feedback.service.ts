import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { DocsFeedback } from './docs-feedback.entity.js';
import type { Feedback } from './feedback-tool.js';

const PUBLIC_OWNER = 'public';
const HOUR = 3600;
/** All callers without a token are one. */
const PER_CREDENTIAL = { name: 'docs.feedback', limit: 30, windowSeconds: HOUR };
const PER_PUBLIC = { name: 'docs.feedback.public', limit: 100, windowSeconds: HOUR };
/** Of one server; the oldest goes when there is more. */
const MAX_KEPT = 5000;
const TRIM_EVERY = 100;

/** What clients reported of pages, for the people who write them. */
@Injectable()
export class DocsFeedbackService {
  private sinceTrim = TRIM_EVERY;

  constructor(
    @InjectRepository(DocsFeedback) private readonly feedback: Repository<DocsFeedback>,
    private readonly unitOfWork: UnitOfWork,
    private readonly limits: RateLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Keeps a report. Gives 0 where that was done, else the seconds to wait. */
  async keep(serverId: string, { page, description, owner }: Feedback): Promise<number> {
    const isPublic = owner === PUBLIC_OWNER;
    const wait = await this.limits.take(isPublic ? PER_PUBLIC : PER_CREDENTIAL, `${owner}:${serverId}`);
    if (wait > 0) return wait;
    const credentialId = isPublic ? null : owner;
    const row = { id: newId(), serverId, page: page.slice(0, 512), description, credentialId, createdAt: this.clock() };
    await this.unitOfWork.write(async (manager) => {
      await manager.insert(DocsFeedback, row);
    });
    if (++this.sinceTrim >= TRIM_EVERY) await this.trim(serverId);
    return 0;
  }

  /** The newest first. */
  async list(serverId: string, limit: number, before?: string): Promise<DocsFeedback[]> {
    const where = { serverId, ...(before === undefined ? {} : { id: LessThan(before) }) };
    return this.feedback.find({ where, order: { id: 'DESC' }, take: limit });
  }

  count(serverId: string): Promise<number> {
    return this.feedback.countBy({ serverId });
  }

  /** Whether there was one. */
  async remove(serverId: string, id: string): Promise<boolean> {
    let removed = 0;
    await this.unitOfWork.write(async (manager) => {
      removed = (await manager.delete(DocsFeedback, { serverId, id })).affected ?? 0;
    });
    return removed > 0;
  }

  private async trim(serverId: string): Promise<void> {
    this.sinceTrim = 0;
    const [oldest] = await this.feedback.find({ where: { serverId }, order: { id: 'DESC' }, skip: MAX_KEPT, take: 1 });
    if (!oldest) return;
    await this.unitOfWork.write(async (manager) => {
      await manager.delete(DocsFeedback, { serverId, id: LessThan(oldest.id) });
    });
  }
}
