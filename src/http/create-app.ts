import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstOwner, type FirstOwnerResult } from '../admin/first-owner.service.js';
import { AppModule } from '../app.module.js';
import { type Clock, systemClock } from '../common/clock.js';
import { StartupError } from '../common/startup-error.js';
import type { Config } from '../config/config.js';
import { boundWaiting } from '../database/bounded-waiting.js';
import { openDatabase } from '../database/data-source.js';
import type { Storage } from '../database/database.module.js';
import { loadMasterKey } from '../database/master-key.js';
import { withStartLock } from '../database/start-lock.js';
import { unlock } from '../database/unlock.js';
import { ENTITIES } from '../entities.js';
import { Drain } from '../common/drain.js';
import { RequestTallies } from '../metrics/request-tallies.js';
import { ErrorFilter } from './error.filter.js';
import { createAdapter, prepareInstance } from './fastify.js';
import { leave } from './leave.js';
import { createLogger, NestLogger } from './nest-logger.js';
import { RouteTable } from './route-table.js';
import { setUpSwagger } from './swagger.js';
import { createValidationPipe } from './validation.pipe.js';
import { watchRoutes } from './watch-routes.js';

/** Streams that have to be ended get a moment for their last words. */
const LAST_WORDS_MS = 500;
/** Connections that wait to be accepted: of a burst beyond it, clients try again after seconds. The system may allow fewer. */
const BACKLOG = 4096;

/** A started application: the same for `main` and for the tests. */
export interface Gatehouse {
  readonly app: NestFastifyApplication;
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly firstOwner: FirstOwnerResult | undefined;
  /**
   * Says that it is not ready, serves on for `SHUTDOWN_DELAY` while balancers take notice, and takes no more connections. Does not wait
   * any more once `hurry` says so.
   */
  leave(hurry: AbortSignal): Promise<void>;
  /** Finishes what is under way for at most `SHUTDOWN_DRAIN`, writes what is buffered, and closes. */
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
    // Whose password is known can be there before anybody asks: a script may sign in as soon as health says ready.
    const known = config.admin.password === undefined ? undefined : await app.get(FirstOwner).ensure();
    await listen(app, config);
    // Only now: a generated password that is never shown, because the port is taken, would lock everybody out.
    const firstOwner = known ?? (await app.get(FirstOwner).ensure());
    return {
      app,
      url: urlOf(app),
      firstOwner,
      leave: (hurry) => leave(app.getHttpServer(), drain, { delayMs: config.shutdown.delayMs, hurry }),
      close: () => close(app, storage, { drain, drainMs: config.shutdown.drainMs }),
    };
  } catch (error) {
    await close(app, storage, { drain, drainMs: 0 });
    throw error;
  }
}

async function openStorage(config: Config): Promise<Storage> {
  const masterKey = loadMasterKey(config);
  const dataSource = await openDatabase(config.database, ENTITIES);
  try {
    const storage = await withStartLock(config.database, () => unlock(dataSource, config, masterKey));
    boundWaiting(dataSource);
    return storage;
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
    await app.getHttpAdapter().getInstance().listen({ port, host, backlog: BACKLOG });
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

async function close(app: NestFastifyApplication, storage: Storage, { drain, drainMs }: { drain: Drain; drainMs: number }): Promise<void> {
  drain.begin();
  const server = app.getHttpServer();
  // Whoever comes finds nobody here, and goes elsewhere, while the others are served to their end.
  server.close();
  const force = setTimeout(() => server.closeAllConnections(), drainMs + LAST_WORDS_MS);
  await app.close();
  clearTimeout(force);
  if (storage.dataSource.isInitialized) await storage.dataSource.destroy();
}
