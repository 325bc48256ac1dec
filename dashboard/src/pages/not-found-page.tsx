import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import { Empty } from '../parts/notes.js';
import { Page } from '../parts/page.js';

export default function NotFoundPage(): ReactElement {
  return (
    <Page title="There is no such page">
      <div className="gh-card">
        <Empty
          icon="search"
          title="Nothing lives at this address"
          action={
            <Button component={Link} to="/">
              To the overview
            </Button>
          }
        >
          It may have been deleted, or the address was cut off on its way to you.
        </Empty>
      </div>
    </Page>
  );
}
