const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export const isLogLevel = (value: unknown): value is string => typeof value === 'string' && LEVELS.includes(value);

/** Whether a message of one level is to be shown to who asked for another. An unknown level is shown. */
export const isAtLeast = (level: unknown, asked: string): boolean => !isLogLevel(level) || LEVELS.indexOf(level) >= LEVELS.indexOf(asked);
