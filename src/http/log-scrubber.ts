import { hideSecrets } from '../common/secret-format.js';
import type { Config } from '../config/config.js';

const CENSORED = '***';
/** Shorter ones would take harmless words out of every line. */
const MIN_LENGTH = 8;

const NAMES = [
  'access_token',
  'assertion',
  'authorization',
  'clientSecret',
  'client_assertion',
  'client_secret',
  'cookie',
  'password',
  'refresh_token',
  'secret',
  'subject_token',
  'token',
] as const;

/** Members that no line of the log shows, on the first two levels. */
export const REDACTED: readonly string[] = [...NAMES, ...NAMES.map((name) => `*.${name}`), '["set-cookie"]', '*["set-cookie"]'];

/** Credentials by the form that they travel in: a header's value, a parameter's, or the user of a URL. */
const FORMS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\b(basic|bearer|dpop)(\s+)[\w+/~.=-]{8,}/gi, `$1$2${CENSORED}`],
  [
    /\b(client_secret|client_assertion|assertion|subject_token|actor_token|refresh_token|access_token|password|gatehouse-session)=[^\s&;"\\]+/gi,
    `$1=${CENSORED}`,
  ],
  [/:\/\/[^\s/@"\\]+@/g, `://${CENSORED}@`],
];

/** Takes out of a line what looks like a credential, and each of `secrets` wherever it stands. */
export function createScrubber(secrets: readonly string[]): (line: string) => string {
  const exact = secrets.filter(({ length }) => length >= MIN_LENGTH).map((secret) => JSON.stringify(secret).slice(1, -1));
  return (line) => {
    const formless = FORMS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), hideSecrets(line));
    return exact.reduce((text, secret) => text.replaceAll(secret, CENSORED), formless);
  };
}

/** What the configuration holds that nobody may read. */
export function secretsOf({ admin, database, masterKey, metricsToken, oidc, redisUrl, tracing }: Config): string[] {
  const urls = [database.kind === 'mysql' ? database.url : undefined, redisUrl].map(passwordIn);
  return [
    admin.password,
    masterKey?.toString('base64'),
    metricsToken,
    oidc?.clientSecret,
    ...urls,
    ...Object.values(tracing?.headers ?? {}),
  ].filter((secret) => secret !== undefined);
}

const passwordIn = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : decodeURIComponent(new URL(url).password);
