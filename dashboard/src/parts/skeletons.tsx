import { Skeleton } from '@mantine/core';
import type { ReactElement } from 'react';

/** The place of a list that is on its way. */
export function RowsSkeleton({ rows = 6 }: { readonly rows?: number }): ReactElement {
  return (
    <div className="gh-skeleton-rows" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="gh-skeleton-row">
          <Skeleton height={12} width="28%" />
          <Skeleton height={12} width="14%" />
          <Skeleton height={12} width="22%" />
          <Skeleton height={12} width="12%" />
        </div>
      ))}
    </div>
  );
}

export function BlockSkeleton({ height = 120 }: { readonly height?: number }): ReactElement {
  return (
    <div role="status" aria-label="Loading">
      <Skeleton height={height} radius="md" />
    </div>
  );
}

export function PageSkeleton(): ReactElement {
  return (
    <div className="gh-page" role="status" aria-label="Loading">
      <Skeleton height={28} width={220} />
      <Skeleton height={14} width={340} />
      <Skeleton height={220} radius="md" />
    </div>
  );
}
