import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between, In, Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { Credential } from '../credentials/credential.entity.js';
import { PATHS } from '../protocol/urls.js';
import { UsageHour, type UsageOutcome } from '../usage/usage-hour.entity.js';
import { FIRST_WARNING_MS, warningDue } from './expiry-warning.js';
import { areUnusual, BASELINE_HOURS, type Refusals, usualOf } from './unusual-refusals.js';
import type { Webhook } from './webhook.entity.js';
import { WebhookOutbox } from './webhook-outbox.service.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const REFUSED: readonly UsageOutcome[] = ['refused', 'hidden'];
/** One that goes on is told of again after this. */
const REFUSALS_QUIET_MS = 6 * HOUR_MS;
/** Of each kind in one look; the rest comes with the next. */
const MOST = 200;

type Subject = Pick<Credential, 'id' | 'clientId' | 'label'>;

/** Finds in the tables what webhooks are to be told of: what ends soon, and refusals out of the ordinary. */
@Injectable()
export class WebhookFindings {
  constructor(
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    @InjectRepository(UsageHour) private readonly hours: Repository<UsageHour>,
    private readonly outbox: WebhookOutbox,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Tells of all that there is now. */
  async tell(webhooks: readonly Webhook[]): Promise<void> {
    await this.tellExpiring(webhooks);
    await this.tellRefusals(webhooks);
  }

  private async tellExpiring(webhooks: readonly Webhook[]): Promise<void> {
    const now = this.clock();
    const where = { isEnabled: true, expiresAt: Between(now + 1, now + FIRST_WARNING_MS) };
    const ending = await this.credentials.find({ where, order: { expiresAt: 'ASC' }, take: MOST });
    for (const credential of ending) {
      const { id, expiresAt } = credential;
      const days = expiresAt === null ? undefined : warningDue(expiresAt, now);
      if (days === undefined || expiresAt === null) continue;
      const data = { ...this.describe(credential), expiresAt: new Date(expiresAt).toISOString(), days };
      // Who is given more time and comes near the new end is told of again.
      const cause = { name: `credential.expiring:${id}:${expiresAt}:${days}`, until: expiresAt + DAY_MS };
      await this.outbox.tellOnce(webhooks, cause, { type: 'credential.expiring', at: now, data });
    }
  }

  private async tellRefusals(webhooks: readonly Webhook[]): Promise<void> {
    const now = this.clock();
    const unusual = [...(await this.refusals(now))].filter(([, refusals]) => areUnusual(refusals)).slice(0, MOST);
    const ids = unusual.map(([id]) => id).filter((id) => id !== '');
    const known = new Map((await this.credentials.findBy({ id: In(ids) })).map((credential) => [credential.id, credential]));
    for (const [id, refusals] of unusual) {
      const { thisHour, before } = refusals;
      const counts = { refused: thisHour, usualAnHour: Math.round(10 * usualOf({ thisHour, before })) / 10 };
      const credential = known.get(id);
      const data = { ...(credential ? this.describe(credential) : NOBODY), since: new Date(hourOf(now)).toISOString(), ...counts };
      const cause = { name: `refusals.unusual:${id}`, until: now + REFUSALS_QUIET_MS };
      await this.outbox.tellOnce(webhooks, cause, { type: 'refusals.unusual', at: now, data });
    }
  }

  /** By credential; under an empty id those of callers that are none. */
  private async refusals(now: number): Promise<ReadonlyMap<string, Refusals>> {
    const hour = hourOf(now);
    const rows = await this.hours
      .createQueryBuilder('usage')
      .where('usage.hour >= :from AND usage.outcome IN (:...refused)', { from: hour - BASELINE_HOURS * HOUR_MS, refused: REFUSED })
      .select('usage.credentialId', 'id')
      .addSelect('SUM(CASE WHEN usage.hour >= :hour THEN usage.count ELSE 0 END)', 'thisHour')
      .addSelect('SUM(CASE WHEN usage.hour < :hour THEN usage.count ELSE 0 END)', 'before')
      .setParameter('hour', hour)
      .groupBy('usage.credentialId')
      .getRawMany<{ id: string; thisHour: string | number; before: string | number }>();
    return new Map(rows.map(({ id, thisHour, before }) => [id, { thisHour: Number(thisHour), before: Number(before) }]));
  }

  private describe({ id, clientId, label }: Subject): Record<string, unknown> {
    const dashboard = `${this.config.publicUrl}${PATHS.dashboard}/credentials/${id}`;
    return { credentialId: id, clientId, label, dashboard };
  }
}

const NOBODY = { credentialId: null, clientId: null, label: null, dashboard: null };
const hourOf = (time: number): number => time - (time % HOUR_MS);
