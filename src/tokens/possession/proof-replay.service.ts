import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CLOCK, type Clock } from '../../common/clock.js';
import { REDIS } from '../../config/redis.module.js';
import { Deadline } from '../../rate-limit/deadline.js';
import { SeenProofs } from './seen-proofs.js';

/** Which proof: `iat` in seconds since the Unix epoch. */
export interface ProofIdentity {
  readonly jkt: string;
  readonly jti: string;
  readonly iat: number;
}

/** A proof may be 300 s ahead of us and is good until 300 s behind; the rest is for clocks that differ. */
const KEPT_SECONDS = 660;
/** A Redis that takes longer is treated as away. */
const ANSWER_MS = 250;
/** After that long without an answer Redis is left alone for as long as this. */
const PAUSE_MS = 5000;

/**
 * Says whether a DPoP proof is used for the first time (RFC 9449 §11.1). Each replica remembers what it has seen; where
 * there is Redis, what any replica has seen counts. While Redis is away memory decides, and what it had to forget counts as used.
 */
@Injectable()
export class ProofReplay {
  private readonly memory: SeenProofs;
  private readonly deadline = new Deadline(ANSWER_MS);
  private pausedUntil = 0;

  constructor(
    @Inject(REDIS) private readonly redis: Redis | undefined,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.memory = new SeenProofs(clock);
  }

  /** Marks the proof as used. True once for each `jti` of a key. Never throws. */
  async isFirstUse({ jkt, jti, iat }: ProofIdentity): Promise<boolean> {
    const digest = createHash('sha256').update(`${jkt}.${jti}`).digest('base64');
    // Memory first, and whole: a proof that Redis was told of must stay used when Redis goes away.
    const sighting = this.memory.note(digest, iat);
    if (sighting === 'seen') return false;
    return (await this.askShared(digest)) ?? sighting === 'first';
  }

  /** Undefined without Redis and while it is away. */
  private async askShared(digest: string): Promise<boolean | undefined> {
    if (this.redis?.status !== 'ready' || performance.now() < this.pausedUntil) return undefined;
    try {
      return (await this.deadline.race(this.redis.set(`dpop:${digest}`, '1', 'EX', KEPT_SECONDS, 'NX'))) === 'OK';
    } catch {
      // Redis is away, which its own connection reports; memory answers.
      this.pausedUntil = performance.now() + PAUSE_MS;
      return undefined;
    }
  }
}
