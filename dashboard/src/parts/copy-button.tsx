import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { type ReactElement, useEffect, useState } from 'react';
import { Icon } from './icon.js';

const SHOWN_MS = 2000;

/** Copies, and says so for a moment. Where the browser forbids the clipboard it says that instead. */
function useCopy(text: string): { readonly state: 'idle' | 'copied' | 'failed'; readonly copy: () => void } {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return undefined;
    const timer = window.setTimeout(() => setState('idle'), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [state]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    );
  };
  return { state, copy };
}

const SAID = { idle: 'Copy', copied: 'Copied', failed: 'Copy it by hand: the browser forbids the clipboard' } as const;

export function CopyIcon({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  const { state, copy } = useCopy(text);
  return (
    <Tooltip label={SAID[state]} withArrow>
      <ActionIcon variant="subtle" color="gray" size="md" onClick={copy} aria-label={state === 'idle' ? `Copy ${what}` : SAID[state]}>
        <Icon name={state === 'copied' ? 'check' : 'copy'} size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  const { state, copy } = useCopy(text);
  return (
    <Button variant="default" onClick={copy} leftSection={<Icon name={state === 'copied' ? 'check' : 'copy'} size={16} />}>
      <span aria-live="polite">{state === 'idle' ? `Copy ${what}` : SAID[state]}</span>
    </Button>
  );
}
