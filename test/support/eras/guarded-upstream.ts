import { randomBytes } from 'node:crypto';
import { EgressPolicy } from '../../../src/egress/egress-policy.js';
import { resolveAll } from '../../../src/egress/guarded-connector.js';
import { GuardedPool } from '../../../src/egress/guarded-pool.js';
import { Sealer } from '../../../src/database/sealer.js';
import { HttpUpstream } from '../../../src/gateway/http-upstream/http-upstream.js';
import { NO_AUTH } from '../../../src/gateway/upstream-auth/no-auth.js';

/** The way to a local server that the gateway itself takes; it waits for an answer no longer than a second. */
export const guardedUpstream = (url: string): HttpUpstream =>
  new HttpUpstream({
    serverId: 's1',
    url,
    resource: 'http://gatehouse.test/mcp',
    pool: new GuardedPool(new URL(url), new EgressPolicy(['127.0.0.0/8']), resolveAll),
    auth: NO_AUTH,
    sealer: new Sealer(randomBytes(32)),
    clock: Date.now,
    timeoutSeconds: 1,
  });
