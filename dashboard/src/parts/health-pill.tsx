import { Tooltip } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Health } from '../api/overview.js';
import { Pill, type Tone } from './pill.js';

const STATES: Readonly<Record<Health['status'], readonly [Tone, string]>> = {
  up: ['good', 'Up'],
  down: ['bad', 'Down'],
  unknown: ['quiet', 'Not checked'],
};

export function HealthPill({ health }: { readonly health: Pick<Health, 'status' | 'lastError'> }): ReactElement {
  const [tone, label] = STATES[health.status];
  const pill = <Pill tone={tone}>{label}</Pill>;
  return health.lastError === null ? (
    pill
  ) : (
    <Tooltip label={health.lastError} multiline maw={320} withArrow>
      {/* Reachable by keyboard, since the reason is said nowhere else in the row. */}
      <span tabIndex={0}>{pill}</span>
    </Tooltip>
  );
}
