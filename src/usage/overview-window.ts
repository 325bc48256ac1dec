import { HOUR_MS } from './hourly-counts.js';
import type { OverviewCountsDto, OverviewWindow } from './overview.dto.js';
import type { UsageKind, UsageOutcome } from './usage-hour.entity.js';

/** A stretch of whole hours or days that ends with the present one. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly step: 'hour' | 'day';
  readonly stepMs: number;
}

const DAY_MS = 24 * HOUR_MS;
const STEPS: Readonly<Record<OverviewWindow, { step: 'hour' | 'day'; count: number }>> = {
  '24h': { step: 'hour', count: 24 },
  '7d': { step: 'hour', count: 7 * 24 },
  '30d': { step: 'day', count: 30 },
};

export function windowOf(window: OverviewWindow, now: number): Window {
  const { step, count } = STEPS[window];
  const stepMs = step === 'hour' ? HOUR_MS : DAY_MS;
  const to = now - (now % stepMs) + stepMs;
  return { from: to - count * stepMs, to, step, stepMs };
}

/** How many times something happened, of which kind. */
export interface Tally {
  readonly kind: UsageKind;
  readonly outcome: UsageOutcome;
  readonly count: number;
}

type Field = keyof OverviewCountsDto;

const CALL_FIELDS: Readonly<Record<UsageOutcome, readonly Field[]>> = {
  ok: ['calls'],
  error: ['calls', 'errors'],
  failed: ['calls', 'errors'],
  refused: ['refusals'],
  hidden: ['refusals'],
  limited: ['limited'],
  issued: [],
};
const TOKEN_FIELDS: Readonly<Record<UsageOutcome, readonly Field[]>> = {
  ...CALL_FIELDS,
  issued: ['tokens'],
  refused: ['tokenRefusals'],
};

/** Adds up what happened. */
export function sumUp(tallies: readonly Tally[]): OverviewCountsDto {
  const counts: Record<Field, number> = { calls: 0, errors: 0, refusals: 0, limited: 0, tokens: 0, tokenRefusals: 0 };
  for (const { kind, outcome, count } of tallies) {
    for (const field of (kind === 'call' ? CALL_FIELDS : TOKEN_FIELDS)[outcome]) counts[field] += count;
  }
  return counts;
}
