import type { AuditEvent } from '../api/events.js';
import type { Tone } from '../parts/pill.js';
import { formatDuration } from '../parts/times.js';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const quoted = (value: unknown): string => (text(value) === undefined ? '' : ` “${text(value) ?? ''}”`);

type Say = (detail: AuditEvent['detail'] & Record<string, unknown>) => string;

/** Why a call would have been refused. */
function observedFor(wouldBe: unknown, missing: unknown): string {
  if (wouldBe === 'hidden') return 'no permission covers it';
  const scopes = Array.isArray(missing) ? missing.join(' ') : text(missing);
  return wouldBe === 'insufficient_scope' ? `it lacks ${scopes ?? 'a scope'}` : 'its arguments are not allowed';
}

/** What happened, as a sentence. */
const SENTENCES: Readonly<Record<string, Say>> = {
  'token.issued': ({ scope, expiresIn }) =>
    `Token for ${text(scope) ?? 'no scope'}${typeof expiresIn === 'number' ? ` (${formatDuration(expiresIn)})` : ''}`,
  'token.refused': ({ reason, error }) => `Token refused: ${text(reason) ?? text(error) ?? 'no reason noted'}`,
  'token.refused_more': ({ count }) => `${typeof count === 'number' ? `${count} more` : 'More'} token requests refused`,
  'token.revoked': () => 'Token revoked',
  'token.refresh_reused': () => 'A refresh token was used twice; its tokens ended',
  call: ({ method, target, outcome }) =>
    `Called ${text(target) ?? text(method) ?? 'it'}${outcome === 'ok' ? '' : `: ${outcome === 'error' ? 'the tool reported an error' : 'the server failed'}`}`,
  'call.refused': ({ method, target, reason, why, outcome }) =>
    `Refused${(text(target) ?? text(method)) ? `: ${text(target) ?? text(method) ?? ''}` : ''} (${outcome === 'hidden' ? 'no permission covers it' : (text(why) ?? text(reason) ?? 'no reason noted')})`,
  'call.observed': ({ method, target, missing, wouldBe }) =>
    `Let pass by observe mode: ${text(target) ?? text(method) ?? 'a call'} (${observedFor(wouldBe, missing)})`,
  'server.tested': ({ ok, to }) => `${text(to) ?? 'The server'} tested: ${ok === true ? 'it works' : 'it does not work'}`,
  'docs.webhook_created': () => 'A secret for the webhook was made',
  'docs.webhook_deleted': () => 'The webhook was removed',
  'credential.created': ({ label }) => `Credential${quoted(label)} created`,
  'credential.changed': ({ label, fields }) => `Credential${quoted(label)} changed${Array.isArray(fields) ? `: ${fields.join(', ')}` : ''}`,
  'credential.disabled': ({ label }) => `Credential${quoted(label)} disabled`,
  'credential.enabled': ({ label }) => `Credential${quoted(label)} enabled`,
  'credential.rotated': ({ label }) => `Secret of${quoted(label)} rotated`,
  'credential.secret_ended': ({ label }) => `A secret of${quoted(label)} ended`,
  'credential.secret_leaked': ({ hint }) => `A secret was reported as leaked${text(hint) ? ` (…${text(hint) ?? ''})` : ''} and ended`,
  'credential.tokens_revoked': ({ label }) => `All tokens of${quoted(label)} ended`,
  'credential.deleted': ({ label }) => `Credential${quoted(label)} deleted`,
  'admin.created': ({ username, role }) => `Admin${quoted(username)} created${text(role) ? ` as ${text(role) ?? ''}` : ''}`,
  'admin.changed': ({ username }) => `Admin${quoted(username)} changed`,
  'admin.deleted': ({ username }) => `Admin${quoted(username)} deleted`,
  'admin.sign_in_failed': () => 'Sign-in failed',
  'admin_key.created': ({ label }) => `Admin key${quoted(label)} created`,
  'admin_key.deleted': ({ label }) => `Admin key${quoted(label)} deleted`,
  'admin_key.leaked': () => 'An admin key was reported as leaked and ended',
  'webhook.created': ({ label }) => `Webhook${quoted(label)} created`,
  'webhook.changed': ({ label, fields }) => `Webhook${quoted(label)} changed${Array.isArray(fields) ? `: ${fields.join(', ')}` : ''}`,
  'webhook.rotated': ({ label }) => `Secret of the webhook${quoted(label)} rotated`,
  'webhook.tested': ({ label }) => `Webhook${quoted(label)} tested`,
  'webhook.deleted': ({ label }) => `Webhook${quoted(label)} deleted`,
  'signing_key.created': () => 'Signing key created',
  'signing_key.deleted': () => 'Signing key removed',
};

/** Kinds that are not known here yet read as they are: `server.changed` → "Server changed". */
function spellOut({ kind, detail, server }: AuditEvent): string {
  const words = kind.replace(/[._]/g, ' ');
  const name = text(detail['label']) ?? text(detail['username']) ?? text(detail['name']) ?? text(detail['slug']) ?? text(server);
  const fields = Array.isArray(detail['fields']) ? `: ${detail['fields'].join(', ')}` : '';
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${name === undefined ? '' : ` “${name}”`}${fields}`;
}

export const sentenceOf = (event: AuditEvent): string => SENTENCES[event.kind]?.(event.detail) ?? spellOut(event);

export function toneOf({ kind, detail }: AuditEvent): Tone {
  if (/refused|failed|leaked|reused/.test(kind)) return 'bad';
  if (kind === 'call' && detail['outcome'] !== 'ok') return 'warn';
  if (/deleted|disabled|revoked|ended/.test(kind)) return 'warn';
  return /^(token\.issued|call)$/.test(kind) ? 'good' : 'info';
}

/** Who did it, as far as the event knows: an admin, a credential by its label, else an address. */
export const whoOf = ({ actor, credentialId, clientId, address }: AuditEvent, labels: ReadonlyMap<string, string>): string =>
  actor ?? labels.get(credentialId ?? '') ?? clientId ?? address ?? 'unknown';
