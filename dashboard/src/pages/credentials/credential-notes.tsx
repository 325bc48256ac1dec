import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';
import type { Credential } from '../../api/credentials.js';
import { Note } from '../../parts/notes.js';
import { formatCount } from '../../parts/times.js';
import { When } from '../../parts/when.js';
import { attentionOf } from './states.js';

/** What an admin should know before anything else. */
export function CredentialNotes({ credential }: { readonly credential: Credential }): ReactElement {
  const { status, expiresAt, lastUsedAt, overFetching, observe, observeUntil } = credential;
  const wants = new Set(attentionOf(credential).map(({ short }) => short));
  return (
    <>
      {status === 'disabled' ? (
        <Note tone="quiet" title="It is disabled.">
          It gets no tokens, and its tokens stopped working at once. Enable it to let it in again.
        </Note>
      ) : null}
      {status === 'expired' ? (
        <Note tone="bad" title="It has ended.">
          It ended <When at={expiresAt} />. Edit it to give it more time, or delete it.
        </Note>
      ) : null}
      {wants.has('Expiring') ? (
        <Note tone="warn" title="It ends soon.">
          It ends <When at={expiresAt} />, with its tokens. Edit it to give it more time.
        </Note>
      ) : null}
      {observe ? (
        <Note
          tone="warn"
          title="It is in observe mode."
          action={
            <Button component={Link} to="?access=used" size="xs" variant="default">
              What it found
            </Button>
          }
        >
          It may do everything on its servers; what its scopes would have refused is recorded. This ends <When at={observeUntil} />.
        </Note>
      ) : null}
      {wants.has('Unused') ? (
        <Note tone="warn" title="It has not been used for a long time.">
          Last used: <When at={lastUsedAt} />. Disable it; if nobody complains, delete it.
        </Note>
      ) : null}
      {overFetching && status === 'enabled' ? (
        <Note tone="warn" title="Its client does not keep its tokens.">
          {overFetching.count === 1 ? 'Once' : `${formatCount(overFetching.count)} times`}, last <When at={overFetching.lastAt} />, it asked
          for a token although the one before had half its life left. A client should keep a token until it nearly ends: that is faster for
          it and kinder to everybody.
        </Note>
      ) : null}
    </>
  );
}
