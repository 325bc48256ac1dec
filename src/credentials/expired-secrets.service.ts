import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { ClientSecret } from './client-secret.entity.js';

const BATCH = 500;
/** So long one can see when a secret ended, and whether it was used to the last. */
const KEEP_MS = 30 * 86_400_000;

/** Secrets that ended by themselves leave after a month. They were refused since their end. */
@Injectable()
export class ExpiredSecrets {
  private readonly logger = new Logger('ExpiredSecrets');

  constructor(
    @InjectRepository(ClientSecret) private readonly secrets: Repository<ClientSecret>,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async removeAll(): Promise<void> {
    try {
      while ((await this.removeBatch()) === BATCH);
    } catch (error) {
      this.logger.warn(`Expired secrets stay for now: ${(error as Error).message}`);
    }
  }

  private async removeBatch(): Promise<number> {
    const where = { expiresAt: LessThan(this.clock() - KEEP_MS) };
    const ids = (await this.secrets.find({ select: { id: true }, where, take: BATCH })).map(({ id }) => id);
    if (ids.length === 0) return 0;
    await this.unitOfWork.write(async (manager) => {
      await manager.delete(ClientSecret, { id: In(ids) });
    });
    return ids.length;
  }
}
