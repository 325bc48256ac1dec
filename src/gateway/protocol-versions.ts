/** Revisions with a handshake and sessions. 2024-11-05 (HTTP+SSE) is not offered (R-LEG-17). */
export const LEGACY_VERSIONS: readonly string[] = ['2025-03-26', '2025-06-18', '2025-11-25'];

/** Stateless revisions, as `server/discover` and a version error name them. */
export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];

/** The only revision whose messages may come in arrays; also what a request without a version header speaks. */
export const BATCH_VERSION = '2025-03-26';

const FIRST_MODERN = '2026-07-28';
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Whether a version is dated 2026-07-28 or later, supported or not. */
export const isModernVersion = (version: string): boolean => version >= FIRST_MODERN && DATE.test(version);
