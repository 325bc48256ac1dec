import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactElement, useEffect, useRef, useState } from 'react';
import type { AuditEvent, EventFilter } from '../../api/events.js';
import { sessionQuery } from '../../api/session.js';
import { EventList } from '../../events/event-list.js';
import { Icon } from '../../parts/icon.js';
import { Empty, Note } from '../../parts/notes.js';
import { Pill, type Tone } from '../../parts/pill.js';

const KEPT = 300;
const RETRY_MS = 3000;

type State = 'connecting' | 'live' | 'lost';
const STATES: Readonly<Record<State, readonly [Tone, string]>> = {
  connecting: ['quiet', 'Connecting'],
  live: ['good', 'Live'],
  lost: ['warn', 'Connection lost, trying again'],
};

/** Events as they happen. What comes while it is paused is kept and shown afterwards. */
export function LiveTail({ filter }: { readonly filter: EventFilter }): ReactElement {
  const { events, state, hasGap } = useTail(filter);
  const [pausedAt, setPausedAt] = useState<string | null>(null);
  const from = pausedAt === null ? 0 : events.findIndex(({ id }) => id === pausedAt);
  const shown = events.slice(Math.max(from, 0));
  const [tone, said] = STATES[state];
  return (
    <div className="gh-card gh-table-card">
      <div className="gh-tail-head">
        <span role="status">
          <Pill tone={tone}>{said}</Pill>
        </span>
        <Button
          size="xs"
          variant="default"
          disabled={events.length === 0}
          onClick={() => setPausedAt(pausedAt === null ? (events[0]?.id ?? null) : null)}
          leftSection={<Icon name={pausedAt === null ? 'pause' : 'play'} size={14} />}
        >
          {pausedAt === null ? 'Pause' : `Go on${from > 0 ? ` (${from} new)` : ''}`}
        </Button>
      </div>
      {hasGap ? <Note tone="warn">There were more events than can be shown live. Switch “Live” off to see them all.</Note> : null}
      {shown.length === 0 ? (
        <Empty icon="clock" title="Waiting for something to happen">
          Calls, refusals, tokens and changes appear here within a second.
        </Empty>
      ) : (
        <EventList events={shown} />
      )}
    </div>
  );
}

interface Tail {
  readonly events: readonly AuditEvent[];
  readonly state: State;
  readonly hasGap: boolean;
}

function urlOf({ kind, credential, server, actor }: EventFilter): string {
  const query = new URLSearchParams(Object.entries({ kind, credential, server, actor }).filter(([, value]) => value !== ''));
  return `/api/v1/events/stream?${query.toString()}`;
}

/** Follows the trail. A browser that gives up is told to begin again, as long as the session lasts. */
function useTail(filter: EventFilter): Tail {
  const client = useQueryClient();
  const [events, setEvents] = useState<readonly AuditEvent[]>([]);
  const [state, setState] = useState<State>('connecting');
  const [hasGap, setGap] = useState(false);
  const url = useRef(urlOf(filter));
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: number | undefined;
    const open = (): void => {
      source = new EventSource(url.current);
      source.onopen = () => setState('live');
      source.addEventListener('audit', ({ data }: MessageEvent<string>) => {
        const event = JSON.parse(data) as AuditEvent;
        setEvents((before) => (before.some(({ id }) => id === event.id) ? before : [event, ...before].slice(0, KEPT)));
      });
      source.addEventListener('gap', () => setGap(true));
      source.onerror = () => {
        setState('lost');
        if (source?.readyState !== EventSource.CLOSED) return;
        void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
        timer = window.setTimeout(open, RETRY_MS);
      };
    };
    open();
    return () => {
      window.clearTimeout(timer);
      source?.close();
    };
  }, [client]);
  return { events, state, hasGap };
}
