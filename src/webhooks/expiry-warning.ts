const DAY_MS = 86_400_000;

/** Days before its end on which a credential is told of, the nearest first. */
const WARNINGS = [1, 3, 14] as const;

export const FIRST_WARNING_MS = 14 * DAY_MS;

/** The warning that is due: the nearest one, so that what ends tomorrow is not told of three times. Undefined while none is. */
export const warningDue = (expiresAt: number, now: number): number | undefined =>
  expiresAt <= now ? undefined : WARNINGS.find((days) => expiresAt - now <= days * DAY_MS);
