import { databaseAway } from './scenarios/database-away.mjs';
import { kill, killMariadb } from './scenarios/kill.mjs';

/** In the order in which they run. */
export const SCENARIOS = [kill, killMariadb, databaseAway];
