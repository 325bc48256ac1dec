import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { Lease } from './lease.entity.js';
import { isDuplicate, UnitOfWork } from './unit-of-work.service.js';

/**
 * Decides which replica does what one does for all: whoever holds the lease. Clocks that differ by seconds do no harm, since what is
 * done under a lease may be done twice; a lease only saves the others the work.
 */
@Injectable()
export class Election {
  private readonly self = newId();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether this replica holds the lease from now on for `ms`; a lease that has lapsed goes to whoever asks first. */
  async take(name: string, ms: number): Promise<boolean> {
    const now = this.clock();
    const lease = { owner: this.self, expiresAt: now + ms };
    let isTaken = false;
    try {
      await this.unitOfWork.write(async (manager) => {
        const mine = await manager.update(Lease, { name, owner: this.self }, lease);
        const lapsed = mine.affected ? mine : await manager.update(Lease, { name, expiresAt: LessThan(now) }, lease);
        isTaken = Boolean(lapsed.affected);
        if (isTaken || (await manager.existsBy(Lease, { name }))) return;
        await manager.insert(Lease, { name, ...lease });
        isTaken = true;
      });
    } catch (error) {
      // Another replica made the row at the same time.
      if (!isDuplicate(error)) throw error;
      return false;
    }
    return isTaken;
  }

  /** Gives the lease up, so that another need not wait for its end. */
  async release(name: string): Promise<void> {
    await this.unitOfWork.write(async (manager) => {
      await manager.delete(Lease, { name, owner: this.self });
    });
  }
}
