import type { DataSource } from 'typeorm';
import { AuditChain } from '../audit/audit-chain.service.js';
import { AuditService } from '../audit/audit.service.js';
import { systemClock } from '../common/clock.js';
import type { Config } from '../config/config.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import type { Digester } from '../database/digester.js';
import { presentMasterKey } from '../database/master-key.js';
import { openExisting } from '../database/open-existing.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { unlock } from '../database/unlock.js';
import { ENTITIES } from '../entities.js';

export interface Services {
  readonly dataSource: DataSource;
  readonly unitOfWork: UnitOfWork;
  readonly audit: AuditService;
  readonly digester: Digester;
}

/** Runs `work` on the installation's database, which servers may use meanwhile: they follow what is changed through the change feed. */
export async function withServices<T>(config: Config, work: (services: Services) => Promise<T>): Promise<T> {
  const masterKey = presentMasterKey(config);
  const dataSource = await openExisting(config.database, ENTITIES);
  try {
    const { digester } = await unlock(dataSource, config, masterKey);
    const unitOfWork = new UnitOfWork(dataSource, new ChangeFeed(dataSource, config, undefined, systemClock), systemClock);
    return await work({
      dataSource,
      unitOfWork,
      digester,
      audit: new AuditService(unitOfWork, systemClock, new AuditChain(unitOfWork, digester, systemClock)),
    });
  } finally {
    await dataSource.destroy();
  }
}
