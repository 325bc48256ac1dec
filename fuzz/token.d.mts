import type { FuzzTarget } from './loop.mjs';

export interface Application {
  readonly startGatehouse: unknown;
  readonly loadConfig: unknown;
  /** Every request by HTTP: jest cannot load what `inject` is made of. */
  readonly isOverHttp?: boolean;
}

export function open(application: Application): Promise<FuzzTarget>;
