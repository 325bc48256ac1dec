import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { Sealer } from '../../database/sealer.js';
import { SessionCookie } from '../sessions/session-cookie.js';
import type { Challenge } from './oidc-provider.service.js';
import { returnPath } from './return-path.js';

const PURPOSE = 'oidc.sign-in';
const LIFETIME_SECONDS = 600;

/** A sign-in that is under way at the provider. */
export interface Flow {
  readonly challenge: Challenge;
  /** A path of the dashboard. */
  readonly returnTo: string;
}

/**
 * Keeps a sign-in that is under way in the browser that began it, sealed, so that any replica can finish it and nobody else's
 * browser. `Lax`, since the browser comes back from another site.
 */
@Injectable()
export class OidcFlows {
  private readonly cookie: SessionCookie;

  constructor(
    @Inject(CONFIG) { publicUrl }: Pick<Config, 'publicUrl'>,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.cookie = new SessionCookie(publicUrl, { purpose: 'oidc', sameSite: 'Lax' });
  }

  /** The header that sets the cookie. */
  remember(challenge: Challenge, returnTo: unknown): string {
    const flow = { challenge, returnTo: returnPath(returnTo), endsAt: this.clock() + LIFETIME_SECONDS * 1000 };
    return this.cookie.set(this.sealer.seal(PURPOSE, JSON.stringify(flow)), LIFETIME_SECONDS);
  }

  recall(header: string | undefined): Flow | undefined {
    const sealed = this.cookie.read(header);
    if (sealed === undefined) return undefined;
    try {
      const flow = JSON.parse(this.sealer.open(PURPOSE, sealed).toString('utf8')) as Flow & { readonly endsAt: number };
      return flow.endsAt > this.clock() ? flow : undefined;
    } catch {
      // Not sealed here: then nothing began here.
      return undefined;
    }
  }

  forget(): string {
    return this.cookie.clear();
  }
}
