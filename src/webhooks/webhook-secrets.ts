import type { SealedColumn } from '../database/reseal.js';
import type { Sealer } from '../database/sealer.js';
import { newSigningSecret } from './signature.js';
import { Webhook } from './webhook.entity.js';

const purposeOf = (webhookId: string): string => `webhook:${webhookId}`;

/** Both secrets of a webhook are sealed for the same purpose: the one becomes the other as it is. */
export const SEALED_SIGNING_SECRETS: readonly SealedColumn[] = ['secret', 'previousSecret'].map((column) => ({
  entity: Webhook,
  key: 'id',
  column,
  purposeOf,
}));

/** What webhooks sign with, sealed at rest. */
export class WebhookSecrets {
  constructor(private readonly sealer: Sealer) {}

  /** A new one, in the clear and as it is stored. */
  make(webhookId: string): { readonly secret: string; readonly sealed: string } {
    const secret = newSigningSecret();
    return { secret, sealed: this.sealer.seal(purposeOf(webhookId), secret) };
  }

  /** All that are good at a time, the newest first. */
  open({ id, secret, previousSecret, previousSecretEndsAt }: Webhook, now: number): string[] {
    const isPreviousGood = previousSecret !== null && (previousSecretEndsAt ?? 0) > now;
    return [secret, ...(isPreviousGood ? [previousSecret] : [])].map((sealed) => this.sealer.open(purposeOf(id), sealed).toString('utf8'));
  }
}
