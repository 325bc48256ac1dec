import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/client.js';
import { useCredentialLabels } from '../../api/credentials.js';
import { type DocsFeedback, docsFeedbackQuery, docsQuery } from '../../api/docs.js';
import { useMay } from '../../api/session.js';
import { Confirm } from '../../parts/confirm.js';
import { ErrorNote } from '../../parts/notes.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { toast } from '../../parts/toast.js';
import { useRefresh } from '../../parts/use-act.js';
import { When } from '../../parts/when.js';

/** What clients reported of pages, newest first, until somebody has dealt with it. */
export function DocsFeedbackList({ slug }: { readonly slug: string }): ReactElement {
  const list = useInfiniteQuery(docsFeedbackQuery(slug));
  const mayWrite = useMay('write');
  const reports = list.data?.pages.flatMap(({ items }) => items) ?? [];
  if (list.isPending) return <BlockSkeleton />;
  return (
    <div className="gh-stack">
      <ErrorNote error={list.error} retry={() => void list.refetch()} />
      {list.data && reports.length === 0 ? (
        <p className="gh-dim">No reports. Clients write them with the tool submit_feedback when a page is wrong or lacks something.</p>
      ) : null}
      <ul className="gh-list">
        {reports.map((report) => (
          <li key={report.id}>
            <div className="gh-row-apart">
              <span>
                <code className="gh-break">{report.page}</code> <Reporter report={report} />
              </span>
              {mayWrite ? <DealtWith slug={slug} report={report} /> : null}
            </div>
            <p className="gh-break gh-report">{report.description}</p>
          </li>
        ))}
      </ul>
      {list.hasNextPage ? (
        <div>
          <Button variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function Reporter({ report: { credentialId, createdAt } }: { readonly report: DocsFeedback }): ReactElement {
  const labels = useCredentialLabels();
  return (
    <span className="gh-dim gh-small">
      <When at={createdAt} /> by{' '}
      {credentialId === null ? (
        'a caller without a token'
      ) : (
        <Link to={`/credentials/${credentialId}`}>{labels.get(credentialId) ?? 'a credential'}</Link>
      )}
    </span>
  );
}

function DealtWith({ slug, report }: { readonly slug: string; readonly report: DocsFeedback }): ReactElement {
  const [isAsked, setAsked] = useState(false);
  const refresh = useRefresh();
  const remove = async (): Promise<void> => {
    await api.DELETE('/api/v1/servers/{slug}/docs/feedback/{id}', { params: { path: { slug, id: report.id } } });
    refresh(docsQuery(slug).queryKey);
    toast.done('The report is removed.');
  };
  return (
    <>
      <Button size="compact-sm" variant="subtle" aria-label={`Dealt with: report on ${report.page}`} onClick={() => setAsked(true)}>
        Dealt with
      </Button>
      {isAsked ? (
        <Confirm title="Remove this report?" act="Remove report" onClose={() => setAsked(false)} onConfirm={remove}>
          It is gone for good. Remove it when the page is mended, or needs no change.
        </Confirm>
      ) : null}
    </>
  );
}
