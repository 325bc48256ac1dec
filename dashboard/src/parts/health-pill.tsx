import { Tooltip } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Health } from '../api/servers.js';
import { Pill, type Tone } from './pill.js';

const STATES: Readonly<Record<Health['status'], readonly [Tone, string]>> = {
  up: ['good', 'Up'],
  down: ['bad', 'Down'],
  unknown: ['quiet', 'Not checked'],
};

/** Up or down, why, and whether calls are held back for now. */
export function HealthPill({ health }: { readonly health: Health }): ReactElement {
  const [tone, label] = STATES[health.status];
  const pill = <Pill tone={tone}>{label}</Pill>;
  return (
    <>
      {health.lastError === null ? (
        pill
      ) : (
        <Tooltip label={health.lastError} multiline maw={320} withArrow>
          {/* Reachable by keyboard, since the reason is said nowhere else in the row. */}
          <span tabIndex={0}>{pill}</span>
        </Tooltip>
      )}
      {health.breaker === 'open' ? <Pill tone="warn">Breaker open</Pill> : null}
      {health.breaker === 'half-open' ? <Pill tone="warn">Breaker half-open</Pill> : null}
    </>
  );
}
