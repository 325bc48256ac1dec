import type { ReactElement, ReactNode } from 'react';
import { Link } from 'react-router';
import type { Attention } from '../../api/overview.js';
import { Icon } from '../../parts/icon.js';
import { Section } from '../../parts/page.js';
import { Pill, type Tone } from '../../parts/pill.js';
import { formatCount, formatDay } from '../../parts/times.js';
import { When } from '../../parts/when.js';

const times = (count: number | null): string => (count === 1 ? 'once' : `${formatCount(count ?? 0)} times`);

const REASONS: Readonly<
  Record<Attention['reason'], { readonly label: string; readonly tone: Tone; readonly say: (item: Attention) => ReactNode }>
> = {
  expiring: {
    label: 'Expiring',
    tone: 'warn',
    say: ({ at, days }) =>
      `Ends ${days === 0 ? 'today' : `in ${days ?? 'a few'} ${days === 1 ? 'day' : 'days'}`}${at === null ? '' : `, on ${formatDay(at)}`}. Give it more time, or let it go.`,
  },
  unused: {
    label: 'Unused',
    tone: 'quiet',
    say: ({ at, days }) =>
      at === null ? 'Never used. Disable or delete it.' : `Not used for ${days ?? 90} days. Disable it; if nobody complains, delete it.`,
  },
  old_secret_in_use: {
    label: 'Old secret in use',
    tone: 'warn',
    say: ({ hint, at }) => (
      <>
        The secret that ends in {hint} was used <When at={at} />, after a newer one was made. Something has not been told yet.
      </>
    ),
  },
  over_fetching: {
    label: 'Over-fetching',
    tone: 'warn',
    say: ({ count }) => `Asked ${times(count)} for a token that it did not need. Its client should keep a token until it nearly ends.`,
  },
  hitting_limits: {
    label: 'Hitting limits',
    tone: 'bad',
    say: ({ count }) => `Was over a limit ${times(count)} within a day. Raise the limit, or calm the client.`,
  },
};

/** Credentials that want a look, each with why and what to do. */
export function AttentionList({ attention, total }: { readonly attention: readonly Attention[]; readonly total: number }): ReactElement {
  return (
    <Section title="Wants a look" lead={total > attention.length ? `The first ${attention.length} of ${formatCount(total)}.` : undefined}>
      {attention.length === 0 ? (
        <p className="gh-row gh-dim">
          <Icon name="check" /> No credential needs attention.
        </p>
      ) : (
        <ul className="gh-list">
          {attention.map((item) => {
            const { label, tone, say } = REASONS[item.reason];
            return (
              <li key={`${item.reason} ${item.credential.id} ${item.hint ?? ''}`}>
                <div className="gh-row-apart">
                  <Link className="gh-break gh-strong-link" to={`/credentials/${item.credential.id}`}>
                    {item.credential.label}
                  </Link>
                  <Pill tone={tone}>{label}</Pill>
                </div>
                <p className="gh-dim gh-small">{say(item)}</p>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
