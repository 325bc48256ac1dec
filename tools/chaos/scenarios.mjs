import { clock } from './scenarios/clock.mjs';
import { databaseAway } from './scenarios/database-away.mjs';
import { descriptors } from './scenarios/descriptors.mjs';
import { diskFull } from './scenarios/disk-full.mjs';
import { droppedStreams } from './scenarios/dropped-streams.mjs';
import { kill, killMariadb } from './scenarios/kill.mjs';
import { redisAway } from './scenarios/redis-away.mjs';
import { slowClients } from './scenarios/slow-clients.mjs';
import { faultyUpstream } from './scenarios/upstream.mjs';

/** In the order in which they run. */
export const SCENARIOS = [
  kill,
  killMariadb,
  databaseAway,
  redisAway,
  faultyUpstream,
  clock,
  diskFull,
  descriptors,
  slowClients,
  droppedStreams,
];
