import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { type UsageOf, usageQuery, type UsageRow } from '../api/usage.js';
import { Empty, ErrorNote } from '../parts/notes.js';
import { Section } from '../parts/page.js';
import { Pill, type Tone } from '../parts/pill.js';
import { BlockSkeleton } from '../parts/skeletons.js';
import { formatCount } from '../parts/times.js';

const SHOWN = 12;
const OUTCOMES: Readonly<Record<NonNullable<UsageRow['outcome']>, readonly [Tone, string]>> = {
  ok: ['good', 'Done'],
  error: ['warn', 'Server error'],
  failed: ['bad', 'No answer'],
  refused: ['bad', 'Refused'],
  hidden: ['bad', 'Not permitted'],
  limited: ['warn', 'Over a limit'],
  issued: ['good', 'Issued'],
};

/** What was called, how often, and how it went, over thirty days. */
export function UsageSection({ of }: { readonly of: UsageOf }): ReactElement {
  const { data, error, isPending, refetch } = useQuery(usageQuery(of));
  const rows = data?.items.slice(0, SHOWN) ?? [];
  return (
    <Section title="Usage" lead="The last 30 days." flush>
      {isPending ? <BlockSkeleton /> : null}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data && rows.length === 0 ? <Empty icon="overview" title="Not used in this time" /> : null}
      {rows.length > 0 ? <UsageTable rows={rows} /> : null}
    </Section>
  );
}

function UsageTable({ rows }: { readonly rows: readonly UsageRow[] }): ReactElement {
  return (
    <table className="gh-table" role="table" aria-label="Usage">
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">
            What
          </th>
          <th scope="col" role="columnheader">
            Server
          </th>
          <th scope="col" role="columnheader">
            Outcome
          </th>
          <th scope="col" role="columnheader" className="gh-number">
            Count
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ kind, server, tool, outcome, count }) => {
          const [tone, label] = OUTCOMES[outcome ?? 'ok'];
          return (
            <tr key={[kind, server, tool, outcome].join(' ')} role="row">
              <td role="cell" className="gh-break">
                {kind === 'token' ? 'Tokens' : (tool ?? 'Other calls')}
              </td>
              <td role="cell" data-label="Server">
                {server ?? '–'}
              </td>
              <td role="cell" data-label="Outcome">
                <Pill tone={tone}>{label}</Pill>
              </td>
              <td role="cell" data-label="Count" className="gh-number">
                {formatCount(count)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
