import { createHmac, randomBytes } from 'node:crypto';

/** As the Standard Webhooks specification writes secrets, so that its libraries take them as they are. */
const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export const newSigningSecret = (): string => SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/** One attempt to deliver a message. */
export interface Attempt {
  /** The message's, the same at every attempt. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly body: string;
}

/** The headers by which a receiver knows the sender, the age and the repetition of a message: signed with every secret that is good. */
export function signedHeaders({ id, at, body }: Attempt, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map((secret) => `v1,${sign(secret, `${id}.${timestamp}.${body}`)}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

const sign = (secret: string, text: string): string =>
  createHmac('sha256', Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'))
    .update(text)
    .digest('base64');
