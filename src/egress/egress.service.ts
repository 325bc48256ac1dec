import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { EgressClient, type EgressRequest, type EgressResponse } from './egress-client.js';
import { EgressPolicy } from './egress-policy.js';
import { GuardedPool } from './guarded-pool.js';
import { resolveAll } from './guarded-connector.js';

/** The one way out: every request whose target an admin or a client may choose goes through here. */
@Injectable()
export class Egress implements OnApplicationShutdown {
  private readonly policy: EgressPolicy;
  private readonly client: EgressClient;

  constructor(@Inject(CONFIG) { egressAllow }: Pick<Config, 'egressAllow'>) {
    this.policy = new EgressPolicy(egressAllow);
    this.client = new EgressClient(this.policy);
  }

  /** @throws {EgressError} */
  request(options: EgressRequest): Promise<EgressResponse> {
    return this.client.request(options);
  }

  /**
   * The JSON object at `url`, answered with 200.
   * @throws {EgressError}
   */
  getJson(url: string, limits: Pick<EgressRequest, 'maxBytes' | 'timeoutMs'> = {}): Promise<unknown> {
    return this.client.getJson(url, limits);
  }

  /**
   * What can be said of a URL before it is used, e.g. at registration; the addresses of a name are judged at each connection.
   * @throws {EgressError} `refused`.
   */
  check(url: string): URL {
    return this.policy.checkUrl(url);
  }

  /**
   * Connections of its own to where a URL points; whoever opens them closes them.
   * @throws {EgressError} `refused`.
   */
  openPool(url: string): GuardedPool {
    return new GuardedPool(this.policy.checkUrl(url), this.policy, resolveAll);
  }

  /**
   * The addresses that a URL may be reached at, for a program of its own that is told to go to these alone.
   * @throws {EgressError} `refused`.
   */
  addressesOf(url: string): Promise<readonly string[]> {
    return this.client.addressesOf(url);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}
