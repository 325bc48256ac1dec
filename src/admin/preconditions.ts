import { ProblemError } from '../protocol/problem.js';

/** The entity tag of a version (RFC 9110 §8.8.3). */
export const etag = (version: number): string => `"${version}"`;

/**
 * @throws {ProblemError} `precondition_failed` unless `If-Match` is absent, `*`, or names this version (RFC 9110 §13.1.1).
 */
export function requireMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(etag(version))) return;
  throw new ProblemError('precondition_failed', `It is at version ${etag(version)} now. Read it again and repeat your change.`);
}
