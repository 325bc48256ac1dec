import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, type ReactNode, useState } from 'react';
import { docsQuery, type DocsStatus } from '../../api/docs.js';
import { useMay } from '../../api/session.js';
import { Note } from '../../parts/notes.js';
import { Facts, Section } from '../../parts/page.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import { When } from '../../parts/when.js';
import { WebhookDialog } from './webhook-dialog.js';

/** Where the pages of a documentation server come from, and how they are kept up to date. */
export function DocsSource({ slug }: { readonly slug: string }): ReactElement {
  const { data } = useQuery(docsQuery(slug));
  const mayWrite = useMay('write');
  const [isOpen, setOpen] = useState(false);
  return (
    <Section
      title="Where its pages come from"
      actions={
        mayWrite && data?.git ? (
          <Button size="sm" variant="default" onClick={() => setOpen(true)}>
            Webhook
          </Button>
        ) : undefined
      }
    >
      {data ? (
        <div className="gh-stack">
          {data.git?.fault ? (
            <Note tone="bad" title="The last pull failed.">
              {data.git.fault} What was there before is served.
            </Note>
          ) : null}
          <Facts facts={factsOf(data)} />
        </div>
      ) : (
        <BlockSkeleton height={90} />
      )}
      {isOpen && data?.git ? <WebhookDialog slug={slug} hasWebhook={data.git.hasWebhook} onClose={() => setOpen(false)} /> : null}
    </Section>
  );
}

function factsOf({ dir, git }: DocsStatus): readonly (readonly [string, ReactNode])[] {
  if (!git) return [['Folder, followed as it changes', <code key="d">{dir}</code>]];
  return [
    ['Repository', <code key="u">{git.url}</code>],
    ['Branch', git.branch ?? 'the default one'],
    ['Commit', git.commit === null ? 'none yet' : <code key="c">{git.commit.slice(0, 12)}</code>],
    ['Pulled', <When key="p" at={git.pulledAt} />],
    ['Webhook', git.hasWebhook ? 'may ask for a pull' : 'none'],
  ];
}
