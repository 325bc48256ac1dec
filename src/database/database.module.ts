import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ChangeFeed } from './change-feed.service.js';
import { Checkpoints } from './checkpoints.service.js';
import { Digester } from './digester.js';
import { Election } from './election.service.js';
import { Sealer } from './sealer.js';
import { UnitOfWork } from './unit-of-work.service.js';

/** What {@link DatabaseModule} is made from; opened before the application, so that a fault stops the start with one line. */
export interface Storage {
  readonly dataSource: DataSource;
  readonly sealer: Sealer;
  readonly digester: Digester;
}

/**
 * Gives every module the database, its transactions, its change feed, and what seals and digests secrets at rest.
 * The data source is opened and closed outside: it must outlive the last batch of events.
 */
@Global()
@Module({})
export class DatabaseModule {
  static with(storage: Storage): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DataSource, useValue: storage.dataSource },
        ChangeFeed,
        Checkpoints,
        UnitOfWork,
        Election,
        { provide: Sealer, useValue: storage.sealer },
        { provide: Digester, useValue: storage.digester },
      ],
      exports: [DataSource, ChangeFeed, UnitOfWork, Election, Sealer, Digester],
    };
  }
}
