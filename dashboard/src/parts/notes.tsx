import { Button } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';
import { explain } from '../api/problem.js';
import { Icon, type IconName } from './icon.js';
import type { Tone } from './pill.js';

const ICONS: Readonly<Record<Tone, IconName>> = { good: 'check', warn: 'alert', bad: 'alert', quiet: 'info', info: 'info' };

interface NoteProps {
  readonly tone: Tone;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly role?: 'alert' | 'status';
  readonly action?: ReactNode;
}

/** A remark in the flow of a page. */
export function Note({ tone, title, children, role, action }: NoteProps): ReactElement {
  return (
    <div className="gh-note" data-tone={tone} role={role}>
      <Icon name={ICONS[tone]} />
      <div className="gh-note-text">
        {title === undefined ? null : <strong>{title}</strong>}
        {children === undefined ? null : <div>{children}</div>}
      </div>
      {action === undefined ? null : <div className="gh-note-action">{action}</div>}
    </div>
  );
}

/** What went wrong and what to do about it. */
export function ErrorNote({ error, retry }: { readonly error: unknown; readonly retry?: () => void }): ReactElement | null {
  if (error === null || error === undefined) return null;
  const { what, then } = explain(error);
  const again = retry ? (
    <Button size="xs" variant="default" onClick={retry}>
      Try again
    </Button>
  ) : undefined;
  return (
    <Note tone="bad" title={what} role="alert" action={again}>
      {then}
    </Note>
  );
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** What a list says while it has nothing to list: what would be here, and how to begin. */
export function Empty({ icon, title, children, action }: EmptyProps): ReactElement {
  return (
    <div className="gh-empty">
      <span className="gh-empty-icon">
        <Icon name={icon} size={26} />
      </span>
      <strong>{title}</strong>
      {children === undefined ? null : <p>{children}</p>}
      {action}
    </div>
  );
}
