/** Said of a field whose secret is stored. */
export const STAYS = 'Stored and not shown. Empty: it stays.';
