import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Logger } from 'pino';
import { generateSecret } from '../common/secret-format.js';
import { loadConfig } from '../config/load-config.js';
import { createScrubber, secretsOf } from './log-scrubber.js';
import { createLogger, NestLogger } from './nest-logger.js';
import { LogLine } from '../common/log-line.js';

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';

describe('a line of the log', () => {
  const scrub = createScrubber([]);

  it.each([
    ['a secret of ours', generateSecret('mcs_')],
    ['an admin key', generateSecret('mka_')],
    ['a token', JWT],
    ['a bearer', 'Bearer abcdefgh12345678'],
    ['a proof', 'DPoP abcdefgh12345678'],
    ['basic credentials', `Basic ${Buffer.from('user:password').toString('base64')}`],
    ['a parameter', 'client_secret=hunter2-and-more'],
    ['a session', 'gatehouse-session=abcdef0123456789'],
    ['the user of a URL', 'mysql://root:topsecret@db/x'],
  ])('shows no %s', (_, secret) => {
    const line = scrub(JSON.stringify({ msg: `before ${secret} after`, detail: secret }));
    expect(line).not.toContain(secret);
    expect(line).toContain('***');
    expect(JSON.parse(line)).toMatchObject({ msg: expect.stringMatching(/^before .* after$/) });
  });

  it('says the rest as it is', () => {
    const line =
      '{"msg":"POST /authed/mcp/oauth/token 503: the bearer of https://docs.example.com is away","requestId":"0123456789abcdef"}';
    expect(scrub(line)).toBe(line);
  });

  it('shows nothing of what the configuration keeps', () => {
    const config = loadConfig({
      ADMIN_PASSWORD: 'correct "horse" battery',
      DATABASE_URL: 'mysql://gate:p%40ssword-of-db@db/gatehouse',
      REDIS_URL: 'redis://:password-of-redis@cache',
      MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      METRICS_TOKEN: 'm'.repeat(40),
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=key-of-receiver',
    });
    const secrets = secretsOf(config);
    expect(secrets).toEqual([
      'correct "horse" battery',
      Buffer.alloc(32, 7).toString('base64'),
      'm'.repeat(40),
      'p@ssword-of-db',
      'password-of-redis',
      'key-of-receiver',
    ]);
    const line = createScrubber(secrets)(JSON.stringify({ msg: secrets.join(' ') }));
    expect(JSON.parse(line)).toEqual({ msg: secrets.map(() => '***').join(' ') });
  });
});

describe('the logger', () => {
  const lines: string[] = [];
  let logger: Logger;
  beforeAll(async () => {
    logger = await createLogger(loadConfig({ LOG_FORMAT: 'json', LOG_LEVEL: 'debug', ADMIN_PASSWORD: 'canary-password' }), {
      write: (line: string) => void lines.push(line),
    });
  });

  it('writes members of their own beside the text, and takes secrets out of both', () => {
    const nest = new NestLogger(logger);
    nest.warn(new LogLine(`refused ${JWT}`, { requestId: 'r1', credentialId: 'c1', detail: 'canary-password' }), 'Http');
    nest.error(new LogLine('failed', { requestId: 'r2' }), 'Error: canary-password\n    at x', 'Http');
    logger.info({ headers: { authorization: 'canary', cookie: 'canary' }, clientSecret: 'canary', password: 'canary' }, 'careless');
    const [warned, failed, careless] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(warned).toMatchObject({ level: 40, context: 'Http', requestId: 'r1', credentialId: 'c1', msg: 'refused eyJ***', detail: '***' });
    expect(failed).toMatchObject({ level: 50, requestId: 'r2', stack: 'Error: ***\n    at x' });
    expect(careless).toMatchObject({ headers: { authorization: '***', cookie: '***' }, clientSecret: '***', password: '***' });
  });
});
