import type { DeliveryDto, WebhookDto } from './webhook.dto.js';
import type { Webhook } from './webhook.entity.js';
import type { WebhookMessage } from './webhook-message.entity.js';

const iso = (time: number): string => new Date(time).toISOString();
const optionalIso = (time: number | null): string | null => (time === null ? null : iso(time));

/** What an admin sees of a webhook. */
export function toWebhookDto({ id, label, url, events, isEnabled, createdBy, ...times }: Webhook, now: number): WebhookDto {
  const { previousSecretEndsAt, createdAt, updatedAt } = times;
  return {
    id,
    label,
    url,
    events,
    enabled: isEnabled,
    previousSecretEndsAt: previousSecretEndsAt !== null && previousSecretEndsAt > now ? iso(previousSecretEndsAt) : null,
    createdAt: iso(createdAt),
    createdBy,
    updatedAt: iso(updatedAt),
  };
}

export const toDeliveryDto = ({ id, type, status, attempts, responseStatus, error, body, ...times }: WebhookMessage): DeliveryDto => ({
  id,
  type,
  status,
  attempts,
  createdAt: iso(times.createdAt),
  lastAttemptAt: optionalIso(times.lastAttemptAt),
  nextAttemptAt: status === 'pending' ? iso(times.nextAttemptAt) : null,
  responseStatus,
  error,
  body: JSON.parse(body) as Record<string, unknown>,
});
