import type { IncomingHttpHeaders } from 'node:http';

/** Our pages send it with every change; any value will do. */
export const CSRF_HEADER = 'gatehouse-csrf';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Why a request that only a cookie vouches for is not taken; undefined if it is (CSRF).
 *
 * `SameSite=Strict` keeps the cookie from requests that other sites start, but a "site" has many hosts, and one of them may
 * serve somebody else's pages. So a request must come from our own origin, as far as the browser says (`Origin`, `Sec-Fetch-Site`,
 * which scripts cannot set), and a change must carry a header that no form can send, and no script of another origin
 * without a preflight, to which we never agree. That needs no token to keep and to lose, and works from the first request on.
 */
export function crossSiteFault(method: string, headers: IncomingHttpHeaders, publicUrl: string): string | undefined {
  const { origin, 'sec-fetch-site': site } = headers;
  const isSafe = SAFE_METHODS.has(method);
  if (origin !== undefined && origin !== publicUrl) return 'Sign-in sessions count for pages of this server only.';
  // 'none': typed into the address bar.
  if (site !== undefined && site !== 'same-origin' && !(isSafe && site === 'none'))
    return 'Sign-in sessions count for pages of this server only.';
  if (!isSafe && !headers[CSRF_HEADER]) return `A change within a sign-in session carries the header ${CSRF_HEADER}: 1.`;
  return undefined;
}
