import { SEALED_ANSWERS } from '../admin/idempotency.service.js';
import { SEALED_VALUES } from '../database/installation.js';
import type { SealedColumn } from '../database/reseal.js';
import { SEALED_WEBHOOK_SECRETS } from '../docs-server/docs-webhooks.service.js';
import { SEALED_UPSTREAM_SECRETS } from '../servers/server-settings.service.js';
import { SEALED_SIGNING_KEYS } from '../tokens/signing-keys.service.js';
import { SEALED_SIGNING_SECRETS } from '../webhooks/webhook-secrets.js';

/** Everything that is kept sealed. Session ids and cookies are sealed too, and end with the key. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  SEALED_VALUES,
  SEALED_SIGNING_KEYS,
  SEALED_UPSTREAM_SECRETS,
  SEALED_WEBHOOK_SECRETS,
  ...SEALED_SIGNING_SECRETS,
  SEALED_ANSWERS,
];
