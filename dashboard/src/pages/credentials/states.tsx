import type { ReactElement } from 'react';
import type { Credential, CredentialStatus } from '../../api/credentials.js';
import { Pill, type Tone } from '../../parts/pill.js';

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
const UNUSED_MS = 90 * DAY_MS;

const STATUS: Readonly<Record<CredentialStatus, readonly [Tone, string]>> = {
  enabled: ['good', 'Enabled'],
  disabled: ['quiet', 'Disabled'],
  expired: ['bad', 'Expired'],
};

export function StatusPill({ status }: { readonly status: CredentialStatus }): ReactElement {
  const [tone, label] = STATUS[status];
  return <Pill tone={tone}>{label}</Pill>;
}

export interface Attention {
  readonly short: string;
  readonly tone: Tone;
}

/** What an admin should look at, in a word or two. */
export function attentionOf(credential: Credential, now = Date.now()): readonly Attention[] {
  if (credential.status !== 'enabled') return [];
  const { expiresAt, lastUsedAt, createdAt, overFetching } = credential;
  const isExpiring = expiresAt !== null && Date.parse(expiresAt) - now < SOON_MS;
  const isUnused = now - Date.parse(lastUsedAt ?? createdAt) > UNUSED_MS;
  return [
    ...(isExpiring ? [{ short: 'Expiring', tone: 'warn' as const }] : []),
    ...(isUnused ? [{ short: 'Unused', tone: 'warn' as const }] : []),
    ...(overFetching ? [{ short: 'Over-fetching', tone: 'warn' as const }] : []),
  ];
}
