import type { JWTPayload } from 'jose';
import { matchesWildcard } from '../../common/wildcard.js';
import type { Trust } from '../../credentials/credential-settings.js';
import { audiencesOf } from '../assertion.js';

/** Values of one claim that are looked at. The signature is not verified yet: anybody could send thousands. */
const MAX_VALUES = 100;

/**
 * Why the claims of a workload's token do not match a rule; undefined where they do (R-JBG-06, R-JBG-07). Says names of claims only,
 * never their values.
 */
export function findMismatch(trust: Trust, claims: JWTPayload, ownAudiences: readonly string[]): string | undefined {
  const accepted = trust.audience === undefined ? ownAudiences : [trust.audience];
  if (!audiencesOf(claims).some((audience) => accepted.some((own) => own === audience))) return 'The assertion is for another audience';
  if (claims.sub === undefined || !matchesWildcard(trust.subject, claims.sub)) return 'The sub of the assertion does not match';
  const mismatch = Object.entries(trust.claims ?? {}).find(([name, patterns]) => !matchesAny(claims, name, patterns));
  return mismatch && `The claim ${mismatch[0]} of the assertion does not match`;
}

function matchesAny(claims: JWTPayload, name: string, patterns: string | readonly string[]): boolean {
  const value = claims[name];
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  if (values.length > MAX_VALUES) return false;
  const wanted = typeof patterns === 'string' ? [patterns] : patterns;
  return values.some((one) => wanted.some((pattern) => matchesPattern(one, pattern)));
}

/** `*` matches any characters, also none; all else is exact. Numbers and booleans compare as they are written. */
function matchesPattern(value: unknown, pattern: string): boolean {
  if (typeof value !== 'string') return (typeof value === 'number' || typeof value === 'boolean') && String(value) === pattern;
  return matchesWildcard(pattern, value);
}
