import { clock } from './scenarios/clock.mjs';
import { databaseAway } from './scenarios/database-away.mjs';
import { redisAway } from './scenarios/redis-away.mjs';
import { kill, killMariadb } from './scenarios/kill.mjs';
import { faultyUpstream } from './scenarios/upstream.mjs';

/** In the order in which they run. */
export const SCENARIOS = [kill, killMariadb, databaseAway, redisAway, faultyUpstream, clock];
