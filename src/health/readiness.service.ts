import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { REDIS } from '../config/redis.module.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { KeyRing } from '../tokens/key-ring.js';
import { Drain } from '../common/drain.js';
import type { ReadinessDto, UnreadyReason } from './health.dto.js';

const RECENT_MS = 2000;

/** Whether this process can do its work. From memory: a probe must not wait for what it asks about. */
@Injectable()
export class Readiness {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly docs: DocsServers,
    private readonly ring: KeyRing,
    private readonly drain: Drain,
    private readonly audit: AuditService,
    @Inject(REDIS) private readonly redis: Pick<Redis, 'status'> | undefined,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  look(): ReadinessDto {
    const isDown: Readonly<Record<UnreadyReason, boolean>> = {
      draining: this.drain.isLeaving,
      database: this.feed.stalenessMs >= RECENT_MS,
      state: !this.feed.isFresh,
      keys: this.ring.findSigning(this.clock()) === undefined,
    };
    const reasons = (Object.keys(isDown) as UnreadyReason[]).filter((reason) => isDown[reason]);
    return {
      status: reasons.length === 0 ? 'up' : 'down',
      reasons,
      database: isDown.database ? 'down' : 'up',
      writes: this.audit.isWritable ? 'up' : 'down',
      state: isDown.state ? 'stale' : 'fresh',
      keys: isDown.keys ? 'down' : 'up',
      ...(this.redis ? { redis: this.redis.status === 'ready' ? ('up' as const) : ('down' as const) } : {}),
      docs: this.docs.faults > 0 ? 'degraded' : 'up',
    };
  }
}
