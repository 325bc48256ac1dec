import type { ReactElement } from 'react';
import { Link } from 'react-router';
import type { Overview } from '../../api/overview.js';
import { formatCount } from '../../parts/times.js';

interface FiguresProps {
  readonly totals: Overview['totals'];
  readonly previous: Overview['previous'];
  readonly credentials: Overview['credentials'];
  readonly span: string;
}

/** The numbers of the window, each beside the window before. */
export function Figures({ totals, previous, credentials, span }: FiguresProps): ReactElement {
  const refused = totals.refusals + totals.limited + totals.tokenRefusals;
  const refusedBefore = previous.refusals + previous.limited + previous.tokenRefusals;
  return (
    <dl className="gh-figures">
      <Figure
        name="Calls"
        value={totals.calls}
        before={previous.calls}
        span={span}
        to="/audit?kind=call*"
        note={totals.errors > 0 ? `${formatCount(totals.errors)} failed` : undefined}
      />
      <Figure
        name="Refusals"
        value={refused}
        before={refusedBefore}
        span={span}
        to="/audit?kind=call.refused"
        note={totals.limited > 0 ? `${formatCount(totals.limited)} over a limit` : undefined}
      />
      <Figure name="Tokens" value={totals.tokens} before={previous.tokens} span={span} to="/audit?kind=token.issued" note={undefined} />
      <div className="gh-figure">
        <dt>Credentials in use</dt>
        <dd>
          <Link to="/credentials">{formatCount(credentials.active)}</Link>
          <span className="gh-dim gh-small">
            of {formatCount(credentials.enabled)} enabled{credentials.disabled > 0 ? `, ${formatCount(credentials.disabled)} disabled` : ''}
          </span>
        </dd>
      </div>
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: number;
  readonly before: number;
  readonly span: string;
  readonly to: string;
  readonly note: string | undefined;
}

function Figure({ name, value, before, span, to, note }: FigureProps): ReactElement {
  return (
    <div className="gh-figure">
      <dt>{name}</dt>
      <dd>
        <Link to={to}>{formatCount(value)}</Link>
        <span className="gh-dim gh-small">{note ?? compare(value, before, span)}</span>
      </dd>
    </div>
  );
}

/** From here on a percentage says less than a multiple. */
const MANIFOLD = 400;

function compare(value: number, before: number, span: string): string {
  if (before === 0) return value === 0 ? `none in ${span}` : `none in the ${span} before`;
  const change = Math.round(((value - before) / before) * 100);
  if (change >= MANIFOLD) return `${formatCount(Math.round(value / before))} times the ${span} before`;
  if (change === 0) return `as in the ${span} before`;
  return `${change > 0 ? '+' : '−'}${formatCount(Math.abs(change))} % to the ${span} before`;
}
