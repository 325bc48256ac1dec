import { DurationTally } from '../common/tally.js';
import type { Durations } from './exposition.js';

/** Stands for paths that lead nowhere: what somebody has asked for is no label. */
const NO_ROUTE = 'none';

/** The requests to one route. */
export class RouteTallies {
  private readonly byMethod = new Map<string, Map<number, DurationTally>>();

  add(method: string, status: number, milliseconds: number): void {
    this.tallyOf(method, status).add(milliseconds);
  }

  private tallyOf(method: string, status: number): DurationTally {
    const known = this.byMethod.get(method)?.get(status);
    if (known) return known;
    const tally = new DurationTally();
    const byStatus = this.byMethod.get(method) ?? new Map<number, DurationTally>();
    this.byMethod.set(method, byStatus.set(status, tally));
    return tally;
  }

  get all(): readonly { readonly method: string; readonly status: number; readonly tally: DurationTally }[] {
    return [...this.byMethod].flatMap(([method, byStatus]) => [...byStatus].map(([status, tally]) => ({ method, status, tally })));
  }
}

/** Requests by the template of their route. */
export class RequestTallies {
  private readonly routes = new Map<string, RouteTallies>();
  private readonly unmatched = this.of(NO_ROUTE);

  /** The tallies of a route, to be kept by whoever serves it. */
  of(route: string): RouteTallies {
    const known = this.routes.get(route) ?? new RouteTallies();
    this.routes.set(route, known);
    return known;
  }

  /** A request that there is no route for. */
  addUnmatched(status: number): void {
    this.unmatched.add('any', status, 0);
  }

  get all(): readonly Durations[] {
    return [...this.routes].flatMap(([route, tallies]) =>
      tallies.all.map(({ method, status, tally }) => ({ labels: { method, route, status }, tally })),
    );
  }
}
