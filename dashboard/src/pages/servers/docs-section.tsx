import { Button, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { api } from '../../api/client.js';
import { docsQuery, type DocsStatus } from '../../api/docs.js';
import { useMay } from '../../api/session.js';
import { Icon } from '../../parts/icon.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { formatCount } from '../../parts/times.js';
import { useAct } from '../../parts/use-act.js';
import { useParams } from '../../parts/use-params.js';
import { When } from '../../parts/when.js';
import { DocsFeedbackList } from './docs-feedback.js';
import { DocsPages } from './docs-pages.js';

const TABS = ['pages', 'warnings', 'feedback'] as const;

/** What a documentation server serves, what is wrong with it, and what its readers say. */
export function DocsSection({ slug }: { readonly slug: string }): ReactElement {
  const { data, error, isPending, refetch } = useQuery(docsQuery(slug));
  const mayWrite = useMay('write');
  const look = useAct(async () => {
    await api.POST('/api/v1/servers/{slug}/docs/refresh', { params: { path: { slug } } });
  }, docsQuery(slug).queryKey);
  return (
    <Section
      title="Documentation"
      lead={data ? <Lead docs={data} /> : undefined}
      actions={
        mayWrite ? (
          <Button
            size="sm"
            variant="default"
            loading={look.isBusy || data?.isIndexing === true}
            onClick={() => void look.run()}
            leftSection={<Icon name="refresh" size={16} />}
          >
            {data?.git ? 'Pull now' : 'Look now'}
          </Button>
        ) : undefined
      }
    >
      <div className="gh-stack">
        {isPending ? <BlockSkeleton height={220} /> : null}
        <ErrorNote error={error} retry={() => void refetch()} />
        <ErrorNote error={look.error} />
        {data ? <Content slug={slug} docs={data} /> : null}
      </div>
    </Section>
  );
}

const counted = (count: number, what: string): string => `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;

function Lead({ docs }: { readonly docs: DocsStatus }): ReactElement {
  return (
    <>
      {counted(docs.pages, 'page')} in {counted(docs.sections, 'section')}, indexed <When at={docs.indexedAt} never="not yet" />
      {docs.isIndexing ? '; it is looking now' : ''}.
    </>
  );
}

function Content({ slug, docs }: { readonly slug: string; readonly docs: DocsStatus }): ReactElement {
  const [read, change] = useParams();
  const tab = TABS.find((one) => one === read('docs')) ?? 'pages';
  return (
    <>
      {docs.faults.map(({ file, warning }) => (
        <Note key={`${file} ${warning}`} tone="bad" title={<span className="gh-break">{`${file} ${warning}`}</span>}>
          {file.endsWith('.json') ? 'What it said when it could last be read stays in force until it is mended.' : undefined}
        </Note>
      ))}
      <Tabs value={tab} onChange={(value) => change({ docs: value === 'pages' ? null : value })} keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="pages">Pages</Tabs.Tab>
          <Tabs.Tab value="warnings">Warnings{count(docs.warnings.length)}</Tabs.Tab>
          <Tabs.Tab value="feedback">Feedback{count(docs.feedback)}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="pages">
          <DocsPages slug={slug} />
        </Tabs.Panel>
        <Tabs.Panel value="warnings">
          <Warnings warnings={docs.warnings} />
        </Tabs.Panel>
        <Tabs.Panel value="feedback">
          <DocsFeedbackList slug={slug} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

const count = (number: number): string => (number > 0 ? ` (${formatCount(number)})` : '');

function Warnings({ warnings }: { readonly warnings: DocsStatus['warnings'] }): ReactElement {
  if (warnings.length === 0) return <p className="gh-dim">Nothing is wrong with any file.</p>;
  return (
    <ul className="gh-list">
      {warnings.map(({ file, warning }) => (
        <li key={`${file} ${warning}`}>
          <code className="gh-break">{file}</code>
          <p className="gh-small gh-break">{warning}</p>
        </li>
      ))}
    </ul>
  );
}
