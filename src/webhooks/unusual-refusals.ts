const DAYS = 7;
/** Fewer are nobody's worry, however few there were before. */
const LEAST = 30;
const TIMES_AS_MANY = 5;

export const BASELINE_HOURS = DAYS * 24;

/** What was refused to one credential, or to callers that are none. */
export interface Refusals {
  readonly thisHour: number;
  /** In the {@link BASELINE_HOURS} before. */
  readonly before: number;
}

/** How many an hour there were before. */
export const usualOf = ({ before }: Refusals): number => before / BASELINE_HOURS;

/** Whether so many were refused that somebody should look: a client that is broken, or somebody who tries doors. */
export const areUnusual = (refusals: Refusals): boolean =>
  refusals.thisHour >= LEAST && refusals.thisHour >= TIMES_AS_MANY * usualOf(refusals);
