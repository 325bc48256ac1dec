import type { ReactElement } from 'react';
import { CopyIcon } from './copy-button.js';

/** Text to take away: commands, snippets, requests. Scrolls by itself, also with the keyboard. */
export function Code({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  return (
    <div className="gh-code">
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
      <span className="gh-code-copy">
        <CopyIcon text={text} what={label} />
      </span>
    </div>
  );
}

/** One value on a line, to be copied: a client id, a URL. */
export function CodeLine({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  return (
    <span className="gh-code-line">
      <code>{text}</code>
      <CopyIcon text={text} what={label} />
    </span>
  );
}
