const MAX_LENGTH = 1000;

/** A path of the dashboard to come back to; anything else leads to its first page, never to somebody else's. */
export function returnPath(wanted: unknown): string {
  const home = '/dashboard';
  if (typeof wanted !== 'string' || wanted.length > MAX_LENGTH || !/^\/dashboard(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/.test(wanted)) return home;
  // Dots may lead out of it again.
  const url = new URL(wanted, 'http://localhost');
  return url.pathname === home || url.pathname.startsWith(`${home}/`) ? url.pathname + url.search + url.hash : home;
}
