import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../database/change-feed.service.js';
import { UnitOfWork } from '../database/unit-of-work.service.js';
import { DocsServers } from './docs-servers.service.js';

const TOPIC = 'docs.refresh';

/** Makes documentation servers look at their source now, on every replica: each has a folder or a checkout of its own. */
@Injectable()
export class DocsRefresh {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    docs: DocsServers,
    feed: ChangeFeed,
  ) {
    feed.on(TOPIC, (serverId) => docs.find(serverId)?.refresh());
  }

  /** Resolves when it is under way here, and the others are told. */
  ask(serverId: string): Promise<void> {
    return this.unitOfWork.run(({ changed }) => changed(TOPIC, serverId));
  }
}
