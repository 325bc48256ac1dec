import { hash } from 'node:crypto';
import type { AuditEvent } from './event.entity.js';

/** 128 bits in base64url: nobody finds another event of the same digest. */
const DIGEST_LENGTH = 22;
const ID_LENGTH = 26;
const ENTRY_LENGTH = ID_LENGTH + DIGEST_LENGTH;

/** An event as a batch names it. */
export interface BatchEntry {
  readonly id: string;
  readonly digest: string;
}

/** What an event is, in short. Must give the same for what was written and for what is read back. */
export function digestOf(event: AuditEvent): string {
  const { id, at, kind, credentialId, clientId, server, actor, address, detail } = event;
  // An array of JSON ends where it ends, so that no text can be moved from one column to the next.
  const text = JSON.stringify([id, at, kind, credentialId, clientId, server, actor, address]) + (detail ?? '');
  return hash('sha256', text, 'base64url').slice(0, DIGEST_LENGTH);
}

export const entryOf = (event: AuditEvent): BatchEntry => ({ id: event.id, digest: digestOf(event) });

export const joinEntries = (entries: readonly BatchEntry[]): string => entries.map(({ id, digest }) => id + digest).join('');

export function splitEntries(text: string): BatchEntry[] {
  const entries: BatchEntry[] = [];
  for (let i = 0; i < text.length; i += ENTRY_LENGTH) {
    entries.push({ id: text.slice(i, i + ID_LENGTH), digest: text.slice(i + ID_LENGTH, i + ENTRY_LENGTH) });
  }
  return entries;
}
