import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { CONFIG, type Config } from '../config/config.js';
import { ProblemError } from '../protocol/problem.js';
import { addressKey } from '../rate-limit/address-key.js';
import type { Quota } from '../rate-limit/memory-counters.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';

const WINDOW_SECONDS = 900;
/** Many people may share an address; nobody fails this often. */
const ADDRESS_FACTOR = 10;
/** A longer name than an admin can have counts as its beginning, so that made-up names make no long keys. */
const NAME_LENGTH = 64;

export interface Claimant {
  /** In lower case. */
  readonly name: string;
  readonly address: string;
}

/**
 * Slows failed sign-ins per name and address, and per address alone. Never per name alone: that would let anybody
 * lock an admin out. A success clears nothing, or a neighbour behind the same address would keep the way free for a guesser.
 */
@Injectable()
export class SignInThrottle {
  private readonly perName: Quota;
  private readonly perAddress: Quota;

  constructor(
    private readonly limits: RateLimits,
    private readonly audit: AuditService,
    @Inject(CONFIG) config: Config,
  ) {
    const limit = config.rateLimits.signInFailures;
    this.perName = { name: 'sign-in', limit, windowSeconds: WINDOW_SECONDS };
    this.perAddress = { name: 'sign-in-address', limit: limit * ADDRESS_FACTOR, windowSeconds: WINDOW_SECONDS };
  }

  /** @throws {ProblemError} `too_many_requests` with `Retry-After` while the claimant is slowed. */
  async check(claimant: Claimant): Promise<void> {
    const waits = await Promise.all(this.counters(claimant).map(([quota, key]) => this.limits.waitFor(quota, key)));
    const wait = Math.ceil(Math.max(...waits));
    if (wait <= 0) return;
    throw new ProblemError('too_many_requests', `Too many failed sign-ins. Try again in ${wait} seconds.`, {
      headers: { 'retry-after': String(wait) },
    });
  }

  /** Counts a failure and notes it; `actorOf` says who it claimed to be, if there is such an admin. */
  async countFailure(claimant: Claimant, actorOf: () => Promise<string | undefined>): Promise<void> {
    await Promise.all(this.counters(claimant).map(([quota, key]) => this.limits.take(quota, key)));
    this.audit.note({ kind: 'admin.sign_in_failed', actor: await actorOf(), address: claimant.address });
  }

  private counters({ name, address }: Claimant): [Quota, string][] {
    const from = addressKey(address);
    return [
      [this.perName, `${name.slice(0, NAME_LENGTH)}|${from}`],
      [this.perAddress, from],
    ];
  }
}
