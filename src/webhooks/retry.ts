const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The pause after each failed attempt; after the last attempt there is none. */
const PAUSES = [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];
/** Up to this part of a pause is added by chance, so that what failed together does not come back together. */
const JITTER = 0.2;

export const MAX_ATTEMPTS = PAUSES.length + 1;

/** Milliseconds until the next attempt; undefined where it was the last one. */
export function pauseAfter(attempts: number, random: () => number = Math.random): number | undefined {
  const pause = PAUSES[attempts - 1];
  return pause === undefined ? undefined : Math.round(pause * (1 + JITTER * random()));
}
