import type { UpstreamAuthenticator } from './upstream-auth.js';

/** The same headers for every request. What is refused once is refused again. */
export const staticAuth = (headers: Readonly<Record<string, string>>): UpstreamAuthenticator => ({
  headers: () => headers,
  refused: () => false,
});
