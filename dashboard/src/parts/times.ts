const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' });
const FULL = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** "3 minutes ago", "in 2 days". */
export function formatRelative(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  // What lies a little ahead has just happened: the clock of a page ticks now and then only.
  if (!unit) return seconds > -10 && seconds < 30 ? 'just now' : RELATIVE.format(Math.trunc(seconds), 'second');
  return RELATIVE.format(Math.trunc(seconds / unit[1]), unit[0]);
}

export const formatInstant = (at: string): string => FULL.format(new Date(at));
export const formatDay = (at: string): string => DAY.format(new Date(at));

const DURATIONS: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** "1 hour", "14 days", "90 seconds": the largest unit that says it exactly. */
export function formatDuration(seconds: number): string {
  const [name, length] = DURATIONS.find(([, unit]) => seconds >= unit && seconds % unit === 0) ?? ['second', 1];
  const count = seconds / length;
  return `${formatCount(count)} ${name}${count === 1 ? '' : 's'}`;
}

const COUNT = new Intl.NumberFormat('en');
export const formatCount = (count: number): string => COUNT.format(count);

/** An instant as a field of type `datetime-local` wants it: local, to the minute. */
export function toLocalField(at: string | null | undefined): string {
  if (at === null || at === undefined || at === '') return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const fromLocalField = (field: string): string | undefined => (field === '' ? undefined : new Date(field).toISOString());
