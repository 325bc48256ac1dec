import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstOwner, type FirstOwnerResult } from '../admin/first-owner.service.js';
import { AppModule } from '../app.module.js';
import { type Clock, systemClock } from '../common/clock.js';
import { StartupError } from '../common/startup-error.js';
import type { Config } from '../config/config.js';
import { openDatabase, withStartLock } from '../database/data-source.js';
import type { Storage } from '../database/database.module.js';
import { loadMasterKey } from '../database/master-key.js';
import { unlock } from '../database/unlock.js';
import { ENTITIES } from '../entities.js';
import { Drain } from '../health/drain.js';
import { RequestTallies } from '../metrics/request-tallies.js';
import { ErrorFilter } from './error.filter.js';
import { createAdapter, prepareInstance } from './fastify.js';
import { createLogger, NestLogger } from './nest-logger.js';
import { RouteTable } from './route-table.js';
import { setUpSwagger } from './swagger.js';
import { createValidationPipe } from './validation.pipe.js';
import { watchRoutes } from './watch-routes.js';

const DRAIN_MS = 5000;

/** A started application: the same for `main` and for the tests. */
export interface Gatehouse {
  readonly app: NestFastifyApplication;
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly firstOwner: FirstOwnerResult | undefined;
  /** Stops accepting, finishes what is under way for at most 5 s, writes what is buffered, and closes. */
  close(): Promise<void>;
}

/**
 * Opens the database, starts every module and listens.
 * @throws {StartupError} with one line for the operator.
 */
export async function startGatehouse(config: Config, clock: Clock = systemClock): Promise<Gatehouse> {
  const storage = await openStorage(config);
  const drain = new Drain();
  const app = await createApp(config, storage, { clock, drain });
  try {
    await listen(app, config);
    // Only now: a generated password that is never shown, because the port is taken, would lock everybody out.
    const firstOwner = await app.get(FirstOwner).ensure();
    return { app, url: urlOf(app), firstOwner, close: () => close(app, storage, drain) };
  } catch (error) {
    await close(app, storage, drain);
    throw error;
  }
}

async function openStorage(config: Config): Promise<Storage> {
  const masterKey = loadMasterKey(config);
  const dataSource = await openDatabase(config.database, ENTITIES);
  try {
    return await withStartLock(dataSource, () => unlock(dataSource, config, masterKey));
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

async function createApp(
  config: Config,
  storage: Storage,
  { clock, drain }: { clock: Clock; drain: Drain },
): Promise<NestFastifyApplication> {
  const routes = new RouteTable();
  const requests = new RequestTallies();
  const logger = await createLogger(config);
  const adapter = createAdapter(config);
  prepareInstance(adapter.getInstance(), routes, { drain, watch: watchRoutes(config, requests, logger) });
  const options = { logger: new NestLogger(logger), bodyParser: false, abortOnError: false };
  const module = AppModule.with(config, storage, { clock, drain, requests });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  app.useGlobalFilters(new ErrorFilter(routes, requests));
  app.useGlobalPipes(createValidationPipe());
  setUpSwagger(app, config);
  await app.init();
  return app;
}

async function listen(app: NestFastifyApplication, { port, host }: Config): Promise<void> {
  try {
    // Fastify's own: Nest's `listen` would log the fault as well.
    await app.getHttpAdapter().getInstance().listen({ port, host });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EADDRINUSE' ? `port ${port} is taken. Set PORT to another one` : `it cannot listen there (${code}). Check HOST and PORT`;
    throw new StartupError(`Cannot serve at ${host}:${port}: ${reason}.`, { cause: error });
  }
}

function urlOf(app: NestFastifyApplication): string {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('The server has no TCP address');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

async function close(app: NestFastifyApplication, storage: Storage, drain: Drain): Promise<void> {
  drain.begin();
  const server = app.getHttpServer();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await app.close();
  clearTimeout(force);
  if (storage.dataSource.isInitialized) await storage.dataSource.destroy();
}
