/** The one source of time, in milliseconds since the Unix epoch. Tests set it. */
export type Clock = () => number;

/** Injection token of the application's {@link Clock}. */
export const CLOCK = Symbol('CLOCK');

export const systemClock: Clock = () => Date.now();

export const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
