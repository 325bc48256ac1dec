import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityTarget, LessThan, type ObjectLiteral } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { RefreshToken } from './refresh-token.entity.js';
import { RevokedToken } from './revoked-token.entity.js';
import { UsedAssertion } from './used-assertion.entity.js';

const BATCH = 500;
/**
 * Kept for longer than it counts: where a clock goes ahead by an hour and is set right again, what was revoked or used must not have
 * been forgotten meanwhile.
 */
const KEPT_MS = 2 * 3600_000;

interface Expiring extends ObjectLiteral {
  readonly expiresAt: number;
}

/** What has an end leaves its table after it, in small batches. */
@Injectable()
export class ExpiredRows {
  private readonly logger = new Logger('ExpiredRows');

  constructor(
    private readonly dataSource: DataSource,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Removes what has expired long enough ago. */
  async removeAll(): Promise<void> {
    try {
      await this.remove(RevokedToken, 'jti');
      await this.remove(RefreshToken, 'id');
      await this.remove(UsedAssertion, 'id');
    } catch (error) {
      this.logger.warn(`Expired rows stay for now: ${(error as Error).message}`);
    }
  }

  private async remove<T extends Expiring>(entity: EntityTarget<T>, key: keyof T & string): Promise<void> {
    const table = this.dataSource.getRepository<Expiring>(entity);
    let rows: Expiring[];
    do {
      rows = await table.find({ where: { expiresAt: LessThan(this.clock() - KEPT_MS) }, take: BATCH, order: { expiresAt: 'ASC' } });
      const ids = rows.map((row) => (row as Readonly<Record<string, string>>)[key]);
      if (ids.length > 0) await this.delete(table.target, ids);
    } while (rows.length === BATCH);
  }

  private async delete(table: EntityTarget<Expiring>, ids: (string | undefined)[]): Promise<void> {
    await this.unitOfWork.write(async (manager) => {
      await manager.delete(table, ids);
    });
  }
}
