import { type ReactElement, useSyncExternalStore } from 'react';
import { connection, onConnection } from '../api/connection.js';
import { Note } from '../parts/notes.js';

/** Says while the server does not answer that what is shown may be old. It goes away by itself. */
export function ConnectionBanner(): ReactElement | null {
  const state = useSyncExternalStore(onConnection, connection);
  if (state === 'up') return null;
  return (
    <div className="gh-banner-place">
      <Note tone="warn" role="status" title="No connection to the server.">
        What you see may be out of date. It is tried again by itself; what you entered is kept.
      </Note>
    </div>
  );
}
