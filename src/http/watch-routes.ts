import type { onResponseHookHandler } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { RequestTallies } from '../metrics/request-tallies.js';
import { requestFields } from './request-fields.js';

/** What is to be done with the answers of a route. */
export type WatchRoute = (route: string) => onResponseHookHandler;

/** Counts answers where somebody may read the counts, and writes them down at the level `debug`. Undefined where neither is wanted. */
export function watchRoutes(
  { metricsToken }: Pick<Config, 'metricsToken'>,
  requests: RequestTallies,
  logger: Logger,
): WatchRoute | undefined {
  const isLogged = logger.isLevelEnabled('debug');
  if (metricsToken === undefined && !isLogged) return undefined;
  return (route) => {
    const tallies = requests.of(route);
    return (request, reply, done) => {
      const { elapsedTime, statusCode: status } = reply;
      tallies.add(request.method, status, elapsedTime);
      // By the route's template: a path may hold what its client should not have put there.
      if (isLogged)
        logger.debug(
          { context: 'Http', ...requestFields(request), method: request.method, route, status, ms: Math.round(elapsedTime) },
          'Answered',
        );
      done();
    };
  };
}
