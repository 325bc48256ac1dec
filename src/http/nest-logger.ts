import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { LogLine } from '../common/log-line.js';
import type { Config } from '../config/config.js';
import { createScrubber, REDACTED, secretsOf } from './log-scrubber.js';

/**
 * One logger for the process: JSON lines, or readable ones on a terminal. Requests are never logged with headers, query or body, and
 * what looks like a secret is taken out of every line.
 */
export async function createLogger(config: Config, destination?: DestinationStream): Promise<Logger> {
  const { log } = config;
  const scrub = createScrubber(secretsOf(config));
  const options: LoggerOptions = {
    level: log.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...REDACTED], censor: '***' },
    hooks: { streamWrite: scrub },
  };
  if (destination) return pino(options, destination);
  if (log.format === 'json') return pino(options);
  // For people at a terminal, who are few.
  const { default: pretty } = await import('pino-pretty');
  return pino(
    options,
    pretty({ colorize: true, translateTime: 'HH:MM:ss', ignore: 'context', messageFormat: '{context}: {msg}', sync: true }),
  );
}

/** Hands what Nest logs to pino. Nest passes the context as the last parameter, and a stack before it. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...parameters: unknown[]): void {
    // Nest's own account of modules and routes is for debugging.
    const context = contextOf(parameters);
    const level = FRAMEWORK.has(context) ? 'debug' : 'info';
    this.logger[level]({ context, ...fieldsOf(message) }, textOf(message));
  }

  warn(message: unknown, ...parameters: unknown[]): void {
    this.logger.warn({ context: contextOf(parameters), ...fieldsOf(message) }, textOf(message));
  }

  error(message: unknown, ...parameters: unknown[]): void {
    const context = contextOf(parameters);
    const stack = parameters.length > 1 && typeof parameters[0] === 'string' ? { stack: parameters[0] } : {};
    this.logger.error({ context, ...fieldsOf(message), ...stack }, textOf(message));
  }

  debug(message: unknown, ...parameters: unknown[]): void {
    this.logger.debug({ context: contextOf(parameters), ...fieldsOf(message) }, textOf(message));
  }

  verbose(message: unknown, ...parameters: unknown[]): void {
    this.logger.trace({ context: contextOf(parameters), ...fieldsOf(message) }, textOf(message));
  }
}

const FRAMEWORK = new Set(['InstanceLoader', 'RouterExplorer', 'RoutesResolver', 'NestFactory', 'NestApplication']);

const contextOf = (parameters: readonly unknown[]): string => {
  const last = parameters.at(-1);
  return typeof last === 'string' ? last : 'App';
};

const fieldsOf = (message: unknown): LogLine['fields'] => (message instanceof LogLine ? message.fields : {});

const textOf = (message: unknown): string =>
  message instanceof LogLine
    ? message.text
    : typeof message === 'string'
      ? message
      : message instanceof Error
        ? message.message
        : JSON.stringify(message);
