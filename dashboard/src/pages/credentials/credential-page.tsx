import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link, useParams as useRouteParams, useSearchParams } from 'react-router';
import type { Versioned } from '../../api/client.js';
import { type Credential, credentialQuery } from '../../api/credentials.js';
import { ApiProblem } from '../../api/problem.js';
import { serversQuery } from '../../api/servers.js';
import { useMay } from '../../api/session.js';
import { Icon } from '../../parts/icon.js';
import { Empty, ErrorNote } from '../../parts/notes.js';
import { Page, Section } from '../../parts/page.js';
import { PageSkeleton } from '../../parts/skeletons.js';
import { useParams } from '../../parts/use-params.js';
import { AccessSection } from './access-section.js';
import { CredentialActs } from './credential-acts.js';
import { CredentialFacts } from './credential-facts.js';
import { CredentialNotes } from './credential-notes.js';
import { EditDialog } from './edit-dialog.js';
import { RecentEvents } from '../../events/recent-events.js';
import { SecretsSection } from './secrets-section.js';
import { Beginnings } from './new-secret.js';
import { StatusPill } from './states.js';
import { TryWithSecret } from './try-with-secret.js';
import { UsageSection } from '../../events/usage-section.js';

const BACK = { to: '/credentials', label: 'Credentials' };
/** While two secrets are live somebody watches for the old one to go quiet. */
const WATCH_MS = 5000;
const REST_MS = 30_000;

export default function CredentialPage(): ReactElement {
  const { id = '' } = useRouteParams();
  const { data, error, isPending, refetch } = useQuery({
    ...credentialQuery(id),
    refetchInterval: ({ state }) => ((state.data?.value.secrets.length ?? 0) > 1 ? WATCH_MS : REST_MS),
  });
  if (isPending) return <PageSkeleton />;
  if (data) return <Content read={data} />;
  const isGone = error instanceof ApiProblem && error.status === 404;
  return (
    <Page title="Credential" back={BACK}>
      {isGone ? (
        <div className="gh-card">
          <Empty
            icon="key"
            title="There is no such credential"
            action={
              <Button component={Link} to={`/audit?credential=${id}`} variant="default">
                What the audit trail knows of it
              </Button>
            }
          >
            It was deleted, or the address is wrong.
          </Empty>
        </div>
      ) : (
        <ErrorNote error={error} retry={() => void refetch()} />
      )}
    </Page>
  );
}

function Content({ read }: { readonly read: Versioned<Credential> }): ReactElement {
  const credential = read.value;
  const mayWrite = useMay('write');
  const [params] = useSearchParams();
  const [, change] = useParams();
  const servers = useQuery(serversQuery).data?.items ?? [];
  return (
    <Page
      title={credential.label}
      back={BACK}
      mark={<StatusPill status={credential.status} />}
      actions={
        mayWrite ? (
          <>
            <Button component={Link} to="?edit" variant="default" leftSection={<Icon name="pen" size={16} />}>
              Edit
            </Button>
            <CredentialActs read={read} />
          </>
        ) : undefined
      }
    >
      <CredentialNotes credential={credential} />
      <div className="gh-columns">
        <div className="gh-column">
          {credential.authMethod === 'client_secret' ? <SecretsSection read={read} /> : null}
          <AccessSection read={read} />
          <Section title="Use it">
            <div className="gh-stack">
              {/* Without a secret: that was shown once. */}
              <Beginnings credential={{ ...credential, clientSecret: undefined }} servers={servers} />
              {credential.authMethod === 'client_secret' && !credential.dpopRequired ? (
                <TryWithSecret credential={credential} servers={servers} />
              ) : null}
            </div>
          </Section>
          <UsageSection of={{ credential: credential.id }} />
          <RecentEvents of={{ credential: credential.id }} query={`credential=${credential.id}`} />
        </div>
        <div className="gh-column">
          <CredentialFacts credential={credential} />
        </div>
      </div>
      {mayWrite && params.has('edit') ? <EditDialog read={read} onClose={() => change({ edit: null })} /> : null}
    </Page>
  );
}
