import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository, type SelectQueryBuilder } from 'typeorm';
import type { Page } from '../admin/pages.dto.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { Credential } from '../credentials/credential.entity.js';
import { ProblemError } from '../protocol/problem.js';
import { HOUR_MS } from './hourly-counts.js';
import { UsageHour } from './usage-hour.entity.js';
import type { UsageCredentialDto, UsageGroup, UsageQueryDto, UsageRowDto } from './usage.dto.js';

const DAY_MS = 24 * HOUR_MS;
const DEFAULT_LIMIT = 100;
/** Pages reach this far; who wants more asks for less at a time. */
const MAX_OFFSET = 1_000_000;

/** What rows are counted by, in SQL. */
const EXPRESSIONS: Readonly<Record<UsageGroup, string>> = {
  hour: 'usage.hour',
  day: `(usage.hour - usage.hour % ${DAY_MS})`,
  kind: 'usage.kind',
  credential: 'usage.credentialId',
  server: 'usage.server',
  tool: 'usage.tool',
  outcome: 'usage.outcome',
};

type RawRow = Readonly<Record<string, string | number | null>>;

/** Reads the counters of use. */
@Injectable()
export class UsageService {
  constructor(
    @InjectRepository(UsageHour) private readonly hours: Repository<UsageHour>,
    @InjectRepository(Credential) private readonly credentials: Repository<Credential>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `validation_failed`. */
  async page(query: UsageQueryDto): Promise<Page<UsageRowDto>> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const offset = query.cursor === undefined ? 0 : readCursor(query.cursor);
    const groups = query.groupBy ?? [];
    const select = await this.select(query);
    select.select('SUM(usage.count)', 'count');
    for (const group of groups) select.addSelect(EXPRESSIONS[group], groupName(group)).addGroupBy(EXPRESSIONS[group]);
    if (query.order === 'count') select.addOrderBy('SUM(usage.count)', 'DESC');
    // By its expression: an alias would be taken for a column of the table where it is named like one.
    for (const group of groups) select.addOrderBy(EXPRESSIONS[group], 'ASC');
    const raw = await select
      .offset(offset)
      .limit(limit + 1)
      .getRawMany<RawRow>();
    const items = await this.toRows(raw.slice(0, limit), groups);
    return { items, nextCursor: raw.length > limit && offset + limit <= MAX_OFFSET ? toCursor(offset + limit) : null };
  }

  private async select(query: UsageQueryDto): Promise<SelectQueryBuilder<UsageHour>> {
    const to = query.to === undefined ? this.clock() + 1 : Date.parse(query.to);
    const from = query.from === undefined ? to - DAY_MS : Date.parse(query.from);
    const select = this.hours
      .createQueryBuilder('usage')
      .where('usage.hour >= :from AND usage.hour < :to', { from: from - (from % HOUR_MS), to });
    for (const name of ['kind', 'server', 'tool', 'outcome'] as const) {
      const value = query[name];
      if (value !== undefined) select.andWhere(`usage.${name} = :${name}`, { [name]: value });
    }
    if (query.credential !== undefined)
      select.andWhere('usage.credentialId = :credential', { credential: await this.idOf(query.credential) });
    return select;
  }

  /** Counters know credentials by id. One that was deleted is found by its id only. */
  private async idOf(credential: string): Promise<string> {
    const found = await this.credentials.findOne({ select: { id: true }, where: { clientId: credential } });
    return found?.id ?? credential;
  }

  private async toRows(raw: readonly RawRow[], groups: readonly UsageGroup[]): Promise<UsageRowDto[]> {
    const ids = groups.includes('credential') ? raw.map((row) => String(row[groupName('credential')])) : [];
    const credentials = await this.describe(ids);
    // A total of nothing has one row, whose sum is null.
    return raw.filter((row) => row['count'] !== null).map((row) => toRow(row, groups, credentials));
  }

  /** What there is to know of credentials by id. */
  async describe(ids: readonly string[]): Promise<Map<string, UsageCredentialDto>> {
    const wanted = [...new Set(ids.filter((id) => id !== ''))];
    const found = wanted.length === 0 ? [] : await this.credentials.findBy({ id: In(wanted) });
    const known = new Map(found.map((credential) => [credential.id, credential]));
    return new Map(
      wanted.map((id) => [id, { id, clientId: known.get(id)?.clientId ?? null, label: known.get(id)?.label ?? null }] as const),
    );
  }
}

const groupName = (group: UsageGroup): string => `group_${group}`;

const toRow = (row: RawRow, groups: readonly UsageGroup[], credentials: ReadonlyMap<string, UsageCredentialDto>): UsageRowDto => ({
  ...groups.reduce<Partial<UsageRowDto>>((fields, group) => ({ ...fields, ...toField(group, row, credentials) }), {}),
  count: Number(row['count']),
});

function toField(group: UsageGroup, row: RawRow, credentials: ReadonlyMap<string, UsageCredentialDto>): Partial<UsageRowDto> {
  const value = row[groupName(group)] ?? '';
  if (group === 'hour' || group === 'day') return { at: new Date(Number(value)).toISOString() };
  if (group === 'credential') return { credential: credentials.get(String(value)) ?? null };
  return { [group]: value === '' ? null : value };
}

const toCursor = (offset: number): string => Buffer.from(String(offset)).toString('base64url');

function readCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (/^\d{1,7}$/.test(text) && Number(text) <= MAX_OFFSET && toCursor(Number(text)) === cursor) return Number(text);
  const message = 'must be the nextCursor of an earlier page';
  throw new ProblemError('validation_failed', `cursor: ${message}`, { errors: [{ field: 'cursor', message }] });
}
