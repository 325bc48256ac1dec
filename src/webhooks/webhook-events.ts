/** What webhooks tell of. */
export const WEBHOOK_EVENTS = [
  'credential.expiring',
  'credential.secret_leaked',
  'admin_key.leaked',
  'server.down',
  'server.breaker_open',
  'refusals.unusual',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Sent on an admin's wish only, whatever a webhook is for. */
export const TEST_EVENT = 'webhook.test';
export type MessageType = WebhookEvent | typeof TEST_EVENT;

/** Something worth telling. `data` holds no secret. */
export interface Occurrence {
  readonly type: MessageType;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body of a message, as the Standard Webhooks specification shapes it. It is the same at every attempt. */
export const bodyOf = ({ type, at, data }: Occurrence): string => JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
