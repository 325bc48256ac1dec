import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { useRouteError } from 'react-router';
import { Empty } from '../parts/notes.js';

/** What stands where a page failed: its code could not be fetched (a new version was installed, or the network is away), or it has a fault. */
export function Fault(): ReactElement {
  const error = useRouteError();
  const isMissing = error instanceof TypeError && /import|module|fetch/i.test(error.message);
  const title = isMissing ? 'This page could not be fetched' : 'This page has a fault';
  return (
    <div role="alert">
      <Empty icon="alert" title={title} action={<Button onClick={() => location.reload()}>Load again</Button>}>
        {isMissing
          ? 'The connection was lost, or a new version was installed meanwhile. What you entered is kept.'
          : 'Load it again; what you entered is kept. If it stays, report what you did and the message in the browser’s console.'}
      </Empty>
    </div>
  );
}
