import {
  type ColumnDef,
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
  type Updater,
  useTable,
} from '@tanstack/react-table';
import type { MouseEvent, ReactElement } from 'react';
import { useNavigate } from 'react-router';
import { Icon } from './icon.js';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, text: sortFn_text, basic: sortFn_basic },
});

type Features = typeof features;
export type Columns<Row extends object> = readonly ColumnDef<Features, Row>[];

/** Builds the columns of a table of these rows. Call it once, outside of components. */
export const columnsOf = <Row extends object>() => createColumnHelper<Features, Row>();

interface DataTableProps<Row extends object> {
  readonly label: string;
  readonly columns: Columns<Row>;
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  /** Column id, with `-` before it where it descends; empty for the order that the rows came in. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  /** Whether the server sorts: the rows are shown as they come. */
  readonly isSortedByServer?: boolean;
  readonly linkOf?: (row: Row) => string;
}

const readSort = (sort: string): SortingState => (sort === '' ? [] : [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }]);
const writeSort = ([first]: SortingState): string => (first ? `${first.desc ? '-' : ''}${first.id}` : '');

/** A table whose order lives in the address, and whose rows become cards on a phone. */
export function DataTable<Row extends object>(props: DataTableProps<Row>): ReactElement {
  const { label, columns, rows, rowId, sort = '', onSort, isSortedByServer = false, linkOf } = props;
  const navigate = useNavigate();
  const sorting = readSort(sort);
  const table = useTable({
    features,
    columns: columns,
    data: rows,
    getRowId: rowId,
    enableSorting: onSort !== undefined,
    manualSorting: isSortedByServer,
    state: { sorting },
    onSortingChange: (change: Updater<SortingState>) => onSort?.(writeSort(typeof change === 'function' ? change(sorting) : change)),
  });
  // The whole row leads where its link leads; a link or button in it keeps its own meaning, and selecting text is no click.
  const follow = (row: Row) => (event: MouseEvent<HTMLElement>) => {
    if (!linkOf || (event.target as HTMLElement).closest('a, button, input') || getSelection()?.toString()) return;
    void navigate(linkOf(row));
  };

  return (
    <table className="gh-table" role="table" aria-label={label}>
      <thead role="rowgroup">
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} role="row">
            {group.headers.map((header) => {
              const order = header.column.getIsSorted();
              const content = <table.FlexRender header={header} />;
              return (
                <th
                  key={header.id}
                  role="columnheader"
                  scope="col"
                  aria-sort={order === false ? undefined : order === 'asc' ? 'ascending' : 'descending'}
                >
                  {header.column.getCanSort() ? (
                    <button type="button" className="gh-sort" onClick={header.column.getToggleSortingHandler()}>
                      {content}
                      {order === false ? null : <Icon name={order === 'asc' ? 'up' : 'down'} size={13} />}
                    </button>
                  ) : (
                    content
                  )}
                </th>
              );
            })}
          </tr>
        ))}
      </thead>
      <tbody role="rowgroup">
        {table.getRowModel().rows.map((row) => (
          <tr key={row.id} role="row" data-link={linkOf ? '' : undefined} onClick={linkOf ? follow(row.original) : undefined}>
            {row.getAllCells().map((cell) => (
              <td
                key={cell.id}
                role="cell"
                data-label={typeof cell.column.columnDef.header === 'string' ? cell.column.columnDef.header : undefined}
              >
                <table.FlexRender cell={cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
