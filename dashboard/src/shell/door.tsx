import { type ReactElement, type ReactNode, useEffect } from 'react';
import { Mark } from './mark.js';

/** The frame of what one sees before being let in. */
export function Door({
  title,
  lead,
  children,
}: {
  readonly title: string;
  readonly lead: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  useEffect(() => {
    document.title = `${title} · Gatehouse`;
  }, [title]);
  return (
    <main className="gh-door">
      <div className="gh-door-card">
        <div className="gh-door-head">
          <Mark size={44} />
          <h1>{title}</h1>
          <div className="gh-dim">{lead}</div>
        </div>
        <div className="gh-door-box">{children}</div>
      </div>
    </main>
  );
}
