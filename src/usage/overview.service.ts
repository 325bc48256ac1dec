import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { CLOCK, type Clock } from '../common/clock.js';
import { Credential } from '../credentials/credential.entity.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import { HealthBoard } from '../servers/server-health.js';
import { toHealthDto } from '../servers/server-view.js';
import { AttentionService } from './attention.service.js';
import type { OverviewCredentialCountsDto, OverviewDto, OverviewServerDto, OverviewTopDto, OverviewWindow } from './overview.dto.js';
import { sumUp, type Tally, type Window, windowOf } from './overview-window.js';
import { UsageHour } from './usage-hour.entity.js';
import { UsageService } from './usage.service.js';

const TOP = 5;

interface TimedTally extends Tally {
  readonly at: number;
}

/** Everything that the first page of the dashboard shows. */
@Injectable()
export class OverviewService {
  constructor(
    @InjectRepository(UsageHour) private readonly hours: Repository<UsageHour>,
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    private readonly usage: UsageService,
    private readonly servers: ServerDirectory,
    private readonly attention: AttentionService,
    private readonly health: HealthBoard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async read(name: OverviewWindow): Promise<OverviewDto> {
    const window = windowOf(name, this.clock());
    const before = { ...window, from: window.from - (window.to - window.from), to: window.from };
    const tallies = await this.tally(window);
    const { items, total } = await this.attention.find();
    return {
      from: new Date(window.from).toISOString(),
      to: new Date(window.to).toISOString(),
      step: window.step,
      totals: sumUp(tallies),
      previous: sumUp(await this.tally(before)),
      series: toSeries(window, tallies),
      topCredentials: await this.topCredentials(window),
      topTools: await this.topTools(window),
      servers: await this.describeServers(window),
      credentials: await this.countCredentials(window),
      attention: items,
      attentionTotal: total,
    };
  }

  private async tally({ from, to, stepMs }: Window): Promise<TimedTally[]> {
    const at = `(usage.hour - usage.hour % ${stepMs})`;
    const rows = await this.within({ from, to })
      .select(at, 'at')
      .addSelect('usage.kind', 'kind')
      .addSelect('usage.outcome', 'outcome')
      .addSelect('SUM(usage.count)', 'total')
      .groupBy(at)
      .addGroupBy('usage.kind')
      .addGroupBy('usage.outcome')
      .getRawMany<{ at: string | number; total: string | number } & Pick<Tally, 'kind' | 'outcome'>>();
    return rows.map(({ kind, outcome, ...row }) => ({ kind, outcome, at: Number(row.at), count: Number(row.total) }));
  }

  private async topCredentials(window: Window): Promise<OverviewTopDto[]> {
    const rows = await this.callsWithin(window)
      .andWhere("usage.credentialId <> ''")
      .select('usage.credentialId', 'id')
      .addSelect('SUM(usage.count)', 'total')
      .groupBy('usage.credentialId')
      .orderBy('SUM(usage.count)', 'DESC')
      .limit(TOP)
      .getRawMany<{ id: string; total: string | number }>();
    const described = await this.usage.describe(rows.map(({ id }) => id));
    return rows.map(({ id, total }) => ({ id, label: described.get(id)?.label ?? id, server: null, calls: Number(total) }));
  }

  private async topTools(window: Window): Promise<OverviewTopDto[]> {
    const rows = await this.callsWithin(window)
      .andWhere("usage.tool <> ''")
      .select('usage.tool', 'tool')
      .addSelect('usage.server', 'server')
      .addSelect('SUM(usage.count)', 'total')
      .groupBy('usage.tool')
      .addGroupBy('usage.server')
      .orderBy('SUM(usage.count)', 'DESC')
      .limit(TOP)
      .getRawMany<{ tool: string; server: string; total: string | number }>();
    return rows.map(({ tool, server, total }) => ({ id: tool, label: tool, server, calls: Number(total) }));
  }

  private async describeServers(window: Window): Promise<OverviewServerDto[]> {
    const rows = await this.within(window)
      .select('usage.server', 'server')
      .addSelect('usage.kind', 'kind')
      .addSelect('usage.outcome', 'outcome')
      .addSelect('SUM(usage.count)', 'total')
      .groupBy('usage.server')
      .addGroupBy('usage.kind')
      .addGroupBy('usage.outcome')
      .getRawMany<{ server: string; total: string | number } & Pick<Tally, 'kind' | 'outcome'>>();
    return this.servers.all.map((server) => ({
      slug: server.slug,
      name: server.name,
      access: server.access,
      kind: server.upstream.kind,
      isDefault: server.isDefault,
      health: toHealthDto(this.health.of(server.id)),
      ...sumUp(rows.filter((row) => row.server === server.slug).map((row) => ({ ...row, count: Number(row.total) }))),
    }));
  }

  private async countCredentials(window: Window): Promise<OverviewCredentialCountsDto> {
    const now = this.clock();
    const count = (condition: string) =>
      this.credentials.createQueryBuilder('credential').where(condition, { now, isEnabled: true }).getCount();
    const total = await this.credentials.count();
    const enabled = await count('credential.isEnabled = :isEnabled AND (credential.expiresAt IS NULL OR credential.expiresAt > :now)');
    const expired = await count('credential.isEnabled = :isEnabled AND credential.expiresAt <= :now');
    return { total, enabled, expired, disabled: Math.max(0, total - enabled - expired), active: await this.countActive(window) };
  }

  private async countActive(window: Window): Promise<number> {
    const row = await this.within(window)
      .andWhere("usage.credentialId <> '' AND usage.outcome IN ('ok', 'error', 'failed', 'issued')")
      .select('COUNT(DISTINCT usage.credentialId)', 'total')
      .getRawOne<{ total: string | number }>();
    return Number(row?.total ?? 0);
  }

  private callsWithin(window: Window) {
    return this.within(window).andWhere("usage.kind = 'call' AND usage.outcome IN ('ok', 'error', 'failed')");
  }

  private within({ from, to }: Pick<Window, 'from' | 'to'>) {
    return this.hours.createQueryBuilder('usage').where('usage.hour >= :from AND usage.hour < :to', { from, to });
  }
}

function toSeries({ from, to, stepMs }: Window, tallies: readonly TimedTally[]): OverviewDto['series'] {
  return Array.from({ length: (to - from) / stepMs }, (_, i) => from + i * stepMs).map((at) => ({
    at: new Date(at).toISOString(),
    ...sumUp(tallies.filter((tally) => tally.at === at)),
  }));
}
