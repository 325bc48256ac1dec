import type { UpstreamAuthenticator } from './upstream-auth.js';

const NONE: Readonly<Record<string, string>> = {};

/** For upstreams that ask for nothing. */
export const NO_AUTH: UpstreamAuthenticator = { headers: () => NONE, refused: () => false };
