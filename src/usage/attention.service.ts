import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { ClientSecret } from '../credentials/client-secret.entity.js';
import { Credential } from '../credentials/credential.entity.js';
import { CONFIG, type Config } from '../config/config.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { HOUR_MS } from './hourly-counts.js';
import type { AttentionDto, AttentionReason } from './overview.dto.js';
import { UsageHour } from './usage-hour.entity.js';

const DAY_MS = 24 * HOUR_MS;
const EXPIRING_MS = 14 * DAY_MS;
const UNUSED_MS = 90 * DAY_MS;
/** An old secret that nobody has come with for so long, or for two lifetimes of a token where that is longer, has gone quiet. */
const QUIET_MS = 7 * DAY_MS;
const QUIET_LIFETIMES = 2;
/** A client that has mended its ways is forgiven after this. */
const OVER_FETCHING_MS = 7 * DAY_MS;
const LIMITED_MS = DAY_MS;
/** Of each reason. */
const MOST = 50;

export interface Attention {
  readonly items: AttentionDto[];
  readonly total: number;
}

type Subject = Pick<Credential, 'id' | 'clientId' | 'label'>;

/** Finds credentials that somebody should look at, and says why. Those that are disabled or have ended trouble nobody. */
@Injectable()
export class AttentionService {
  constructor(
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    @InjectRepository(ClientSecret) private readonly secrets: Repository<ClientSecret>,
    @InjectRepository(UsageHour) private readonly hours: Repository<UsageHour>,
    private readonly servers: ServerDirectory,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The most urgent of each reason, and how many there are. */
  async find(): Promise<Attention> {
    const now = this.clock();
    const found = [
      await this.expiring(now),
      await this.oldSecretsInUse(now),
      await this.hittingLimits(now),
      await this.overFetching(now),
      await this.unused(now),
    ];
    return { items: found.flatMap(({ items }) => items), total: found.reduce((sum, { total }) => sum + total, 0) };
  }

  private async expiring(now: number): Promise<Attention> {
    const select = this.live(now)
      .andWhere('credential.expiresAt <= :limit', { limit: now + EXPIRING_MS })
      .orderBy('credential.expiresAt', 'ASC');
    return toAttention(select, (credential) => ({
      ...about('expiring', credential),
      at: iso(credential.expiresAt),
      days: Math.floor(((credential.expiresAt ?? now) - now) / DAY_MS),
    }));
  }

  private async unused(now: number): Promise<Attention> {
    const since = 'COALESCE(credential.lastUsedAt, credential.createdAt)';
    const select = this.live(now)
      .andWhere(`${since} < :limit`, { limit: now - UNUSED_MS })
      .orderBy(since, 'ASC');
    return toAttention(select, (credential) => ({
      ...about('unused', credential),
      at: iso(credential.lastUsedAt),
      days: Math.floor((now - (credential.lastUsedAt ?? credential.createdAt)) / DAY_MS),
    }));
  }

  private async overFetching(now: number): Promise<Attention> {
    const select = this.live(now)
      .andWhere('credential.overFetchedAt > :limit', { limit: now - OVER_FETCHING_MS })
      .orderBy('credential.overFetchCount', 'DESC');
    return toAttention(select, (credential) => ({
      ...about('over_fetching', credential),
      at: iso(credential.overFetchedAt),
      count: credential.overFetchCount,
    }));
  }

  /** A secret that is used although there is a newer one: whoever uses it must be moved before it ends. It fades when it goes quiet. */
  private async oldSecretsInUse(now: number): Promise<Attention> {
    const newer = 'newer.credentialId = secret.credentialId AND newer.createdAt > secret.createdAt AND newer.createdAt < secret.lastUsedAt';
    const select = this.secrets
      .createQueryBuilder('secret')
      .innerJoinAndSelect('secret.credential', 'credential')
      .where(LIVE, { now, isEnabled: true })
      .andWhere('(secret.expiresAt IS NULL OR secret.expiresAt > :now)')
      .andWhere('(secret.lastUsedAt > :quietSince OR secret.lastUsedAt > :now - :perSecond * credential.tokenTtl)', {
        quietSince: now - this.quietMs,
        perSecond: QUIET_LIFETIMES * 1000,
      })
      .andWhere((query) => `EXISTS ${query.subQuery().select('1').from(ClientSecret, 'newer').where(newer).getQuery()}`)
      .orderBy('secret.lastUsedAt', 'DESC');
    return toAttention(select, ({ credential, hint, lastUsedAt, expiresAt }) => ({
      ...about('old_secret_in_use', credential),
      hint,
      at: iso(lastUsedAt),
      endsAt: iso(expiresAt),
    }));
  }

  /** Where a credential says nothing of its tokens' lifetime, it is a server's, or the installation's. */
  private get quietMs(): number {
    const lifetimes = [this.config.tokens.ttlSeconds, ...this.servers.all.map(({ tokenTtl }) => tokenTtl ?? 0)];
    return Math.max(QUIET_MS, QUIET_LIFETIMES * 1000 * Math.max(...lifetimes));
  }

  private async hittingLimits(now: number): Promise<Attention> {
    const rows = await this.hours
      .createQueryBuilder('usage')
      .innerJoin(Credential, 'credential', 'credential.id = usage.credentialId')
      .where(LIVE, { now, isEnabled: true })
      .andWhere("usage.hour > :limit AND usage.outcome = 'limited'", { limit: now - LIMITED_MS })
      .select('credential.id', 'id')
      .addSelect('credential.clientId', 'clientId')
      .addSelect('credential.label', 'label')
      .addSelect('SUM(usage.count)', 'total')
      .groupBy('credential.id')
      .addGroupBy('credential.clientId')
      .addGroupBy('credential.label')
      .orderBy('SUM(usage.count)', 'DESC')
      .getRawMany<Subject & { total: string | number }>();
    const items = rows.slice(0, MOST).map((row) => ({ ...about('hitting_limits', row), count: Number(row.total) }));
    return { items, total: rows.length };
  }

  private live(now: number): SelectQueryBuilder<Credential> {
    return this.credentials.createQueryBuilder('credential').where(LIVE, { now, isEnabled: true });
  }
}

const LIVE = 'credential.isEnabled = :isEnabled AND (credential.expiresAt IS NULL OR credential.expiresAt > :now)';

async function toAttention<T extends object>(select: SelectQueryBuilder<T>, describe: (row: T) => AttentionDto): Promise<Attention> {
  const [rows, total] = await select.take(MOST).getManyAndCount();
  return { items: rows.map(describe), total };
}

const about = (reason: AttentionReason, { id, clientId, label }: Subject): AttentionDto => ({
  reason,
  credential: { id, clientId, label },
  at: null,
  days: null,
  count: null,
  hint: null,
  endsAt: null,
});

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
