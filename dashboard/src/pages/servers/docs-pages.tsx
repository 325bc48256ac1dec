import { Button, Select } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { type DocsPage, docsPagesQuery } from '../../api/docs.js';
import { columnsOf, DataTable } from '../../parts/data-table.js';
import { ErrorNote } from '../../parts/notes.js';
import { Pill, Tags } from '../../parts/pill.js';
import { SearchField } from '../../parts/search-field.js';
import { RowsSkeleton } from '../../parts/skeletons.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';

const column = columnsOf<DocsPage>();
const TITLE = column.accessor('title', {
  header: 'Page',
  cell: ({ row: { original } }) => (
    <span className="gh-cell-main">
      <strong className="gh-break">{original.title}</strong>
      <span className="gh-dim gh-mono gh-break">{original.path}</span>
    </span>
  ),
});
const FOR = column.accessor('visibility', { header: 'For', cell: ({ row }) => <Readers page={row.original} /> });
const EDITION = column.accessor((page) => [page.version, page.language].filter((text) => text !== null).join(', '), {
  id: 'edition',
  header: 'Version, language',
});
const CHANGED = column.accessor('changedAt', { header: 'Changed', cell: ({ row }) => <When at={row.original.changedAt} /> });
const PLAIN = column.columns([TITLE, FOR, CHANGED]);
const WITH_EDITION = column.columns([TITLE, FOR, EDITION, CHANGED]);

const FOR_WHOM = [
  { value: '', label: 'Any reader' },
  { value: 'public', label: 'Public' },
  { value: 'authenticated', label: 'With a token' },
  { value: 'groups', label: 'For groups' },
];

function Readers({ page: { visibility, groups } }: { readonly page: DocsPage }): ReactElement {
  if (visibility === 'groups') return <Tags values={groups} />;
  return visibility === 'public' ? <Pill tone="info">Public</Pill> : <Pill tone="quiet">With a token</Pill>;
}

/** The pages that are served to somebody, in the order of the navigation; the filters stand in the address. */
export function DocsPages({ slug }: { readonly slug: string }): ReactElement {
  const [read, change] = useParams();
  const filter = { search: read('q'), visibility: read('for'), version: read('version'), language: read('language') };
  const list = useInfiniteQuery(docsPagesQuery(slug, filter));
  const pages = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const { versions = [], languages = [] } = list.data?.pages[0] ?? {};
  const choice = (name: 'version' | 'language', values: readonly string[]): ReactElement | null =>
    values.length === 0 ? null : (
      <Select
        className="gh-filter-field"
        aria-label={`Of the ${name}`}
        data={[{ value: '', label: `Any ${name}` }, ...values]}
        value={filter[name]}
        allowDeselect={false}
        onChange={(value) => change({ [name]: value })}
      />
    );
  return (
    <div className="gh-stack">
      <div className="gh-filters">
        <SearchField label="Search pages" placeholder="Title or path" value={filter.search} onChange={(q) => change({ q })} />
        <Select
          className="gh-filter-field"
          aria-label="For whom"
          data={FOR_WHOM}
          value={filter.visibility}
          allowDeselect={false}
          onChange={(value) => change({ for: value })}
        />
        {choice('version', versions)}
        {choice('language', languages)}
      </div>
      {list.isPending ? <RowsSkeleton rows={3} /> : null}
      <ErrorNote error={list.error} retry={() => void list.refetch()} />
      {list.data && pages.length === 0 ? (
        <p className="gh-dim">
          {Object.values(filter).some((value) => value !== '') ? 'No page fits.' : 'It serves no page yet: put Markdown into its folder.'}
        </p>
      ) : null}
      {pages.length > 0 ? (
        <div className="gh-in-body">
          <DataTable
            label="Pages"
            columns={versions.length + languages.length > 0 ? WITH_EDITION : PLAIN}
            rows={pages}
            rowId={({ path }) => path}
          />
          {list.hasNextPage ? (
            <div className="gh-more">
              <Button variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                Show more
              </Button>
            </div>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
