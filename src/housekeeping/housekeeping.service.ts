import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { BackgroundTask } from '../common/background-task.js';
import { Election } from '../database/election.service.js';

/** Injection token of the {@link Chore}s. */
export const CHORES = Symbol('CHORES');

/** Removes what has had its time, in small batches, as of the application's clock. May be done by two at once, and again. */
export type Chore = () => Promise<void>;

const EVERY_MS = 5 * 60_000;
/** Three rounds: whoever stops without a word is followed within a quarter of an hour. */
const LEASE_MS = 3 * EVERY_MS;
const LEASE = 'housekeeping';

/** Lets one replica of all do the chores, one after the other. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Housekeeping');
  private readonly task = new BackgroundTask(() => this.round().then(() => undefined), EVERY_MS);

  constructor(
    @Inject(CHORES) private readonly chores: readonly Chore[],
    private readonly election: Election,
  ) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    // Without the database the lease lapses by itself.
    await this.election.release(LEASE).catch(() => undefined);
  }

  /** Does the chores where this replica is the one to. Tells whether it was. */
  async round(): Promise<boolean> {
    try {
      if (!(await this.election.take(LEASE, LEASE_MS))) return false;
      for (const chore of this.chores) await chore();
      return true;
    } catch (error) {
      this.logger.warn(`What has had its time stays for now: ${(error as Error).message}`);
      return false;
    }
  }
}
