import { Initial1732300000000 } from './1732300000000-initial.js';
import { MachineProofs1732500000000 } from './1732500000000-machine-proofs.js';
import { Docs1732600000000 } from './1732600000000-docs.js';
import { Servers1732700000000 } from './1732700000000-servers.js';
import { Dashboard1732800000000 } from './1732800000000-dashboard.js';
import { SparseEvents1732850000000 } from './1732850000000-sparse-events.js';
import { AuditChain1732900000000 } from './1732900000000-audit-chain.js';
import { Leases1732950000000 } from './1732950000000-leases.js';
import { Webhooks1733000000000 } from './1733000000000-webhooks.js';
import { TaskOwners1733100000000 } from './1733100000000-task-owners.js';

/** Every migration, in order. */
export const MIGRATIONS = [
  Initial1732300000000,
  MachineProofs1732500000000,
  Docs1732600000000,
  Servers1732700000000,
  Dashboard1732800000000,
  SparseEvents1732850000000,
  AuditChain1732900000000,
  Leases1732950000000,
  Webhooks1733000000000,
  TaskOwners1733100000000,
];
