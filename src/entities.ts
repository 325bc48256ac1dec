import { AdminKey } from './admin/admin-key.entity.js';
import { Admin } from './admin/admin.entity.js';
import { IdempotencyKey } from './admin/idempotency-key.entity.js';
import { AdminSession } from './admin/sessions/session.entity.js';
import { AuditBatch, ChainRow, UnchainedEvent } from './audit/chain.entity.js';
import { AuditEvent } from './audit/event.entity.js';
import { ClientSecret } from './credentials/client-secret.entity.js';
import { Credential } from './credentials/credential.entity.js';
import { Change } from './database/change.entity.js';
import { InstallationValue } from './database/installation.entity.js';
import { Lease } from './database/lease.entity.js';
import { TaskOwner } from './gateway/tasks/task-owner.entity.js';
import { Server } from './servers/server.entity.js';
import { DocsFeedback } from './docs-server/docs-feedback.entity.js';
import { DocsWebhook } from './docs-server/docs-webhook.entity.js';
import { RefreshToken } from './tokens/refresh-token.entity.js';
import { RevokedToken } from './tokens/revoked-token.entity.js';
import { SigningKey } from './tokens/signing-key.entity.js';
import { UsedAssertion } from './tokens/used-assertion.entity.js';
import { UsageHour } from './usage/usage-hour.entity.js';
import { Webhook } from './webhooks/webhook.entity.js';
import { WebhookMessage, WebhookNotice } from './webhooks/webhook-message.entity.js';

/** Every table. */
export const ENTITIES = [
  Admin,
  AdminKey,
  AdminSession,
  AuditBatch,
  AuditEvent,
  ChainRow,
  Change,
  ClientSecret,
  Credential,
  DocsFeedback,
  DocsWebhook,
  IdempotencyKey,
  InstallationValue,
  Lease,
  RefreshToken,
  RevokedToken,
  Server,
  SigningKey,
  TaskOwner,
  UnchainedEvent,
  UsageHour,
  UsedAssertion,
  Webhook,
  WebhookMessage,
  WebhookNotice,
];
