import { Button } from '@mantine/core';
import { type ReactElement, useRef, useState } from 'react';
import { type EventFilter, toQuery } from '../../api/events.js';
import { NoAnswer, readProblem } from '../../api/problem.js';
import { Icon } from '../../parts/icon.js';
import { formatCount } from '../../parts/times.js';
import { toast } from '../../parts/toast.js';

/** Everything that matches, one JSON object a line. Says how far it is, and can be stopped. */
export function ExportButton({ filter }: { readonly filter: EventFilter }): ReactElement {
  const [lines, setLines] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);

  const run = async (): Promise<void> => {
    const controller = new AbortController();
    abort.current = controller;
    setLines(0);
    try {
      save(await fetchLines(filter, controller.signal, setLines));
    } catch (error) {
      if (!controller.signal.aborted) toast.failed(error instanceof TypeError ? new NoAnswer('Export broke off') : error);
    }
    setLines(null);
  };

  if (lines !== null) {
    return (
      <Button variant="default" onClick={() => abort.current?.abort()} leftSection={<Icon name="close" size={16} />}>
        <span aria-live="off" className="gh-number">
          Stop ({formatCount(lines)} events)
        </span>
      </Button>
    );
  }
  return (
    <Button variant="default" onClick={() => void run()} leftSection={<Icon name="download" size={16} />}>
      Export
    </Button>
  );
}

async function fetchLines(filter: EventFilter, signal: AbortSignal, report: (lines: number) => void): Promise<Blob> {
  const query = new URLSearchParams(toQuery(filter)).toString();
  const response = await fetch(`/api/v1/events?${query}`, { headers: { accept: 'application/x-ndjson' }, signal });
  if (!response.ok || !response.body) throw await readProblem(response);
  const reader = response.body.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let lines = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts, { type: 'application/x-ndjson' });
    parts.push(value);
    lines += value.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
    report(lines);
  }
}

function save(blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = `gatehouse-events-${new Date().toISOString().slice(0, 19).replace(/:/g, '-')}.ndjson`;
  link.click();
  URL.revokeObjectURL(url);
}
