import { ProblemError } from '../protocol/problem.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
/** Observe mode lets everything pass on the servers that a credential may reach, so it never stays on by itself. */
export const MAX_OBSERVE_DAYS = 30;

/** What an admin says of observe mode. */
export interface Observation {
  readonly observe?: boolean | null | undefined;
  readonly observeUntil?: string | null | undefined;
}

/**
 * When it ends after a change, in milliseconds since the Unix epoch; null for off, undefined where nothing is said of it.
 * @throws {ProblemError} `validation_failed` for an end that has passed or lies too far ahead.
 */
export function changeObservation({ observe, observeUntil }: Observation, now: number): number | null | undefined {
  if (observe === false || observe === null) return observeUntil ? refuse('observeUntil has no meaning without observe: true.') : null;
  if (observeUntil === null) return observe ? now + DEFAULT_DAYS * DAY_MS : null;
  if (observeUntil === undefined) return observe ? now + DEFAULT_DAYS * DAY_MS : undefined;
  const end = Date.parse(observeUntil);
  const isSoon = end > now && end <= now + MAX_OBSERVE_DAYS * DAY_MS;
  return isSoon ? end : refuse(`It must lie in the future, at most ${MAX_OBSERVE_DAYS} days ahead.`);
}

function refuse(message: string): never {
  throw new ProblemError('validation_failed', message, { errors: [{ field: 'observeUntil', message }] });
}
