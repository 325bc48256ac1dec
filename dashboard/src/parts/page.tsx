import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';
import { Link, NavigationType, useNavigationType } from 'react-router';
import { Icon } from './icon.js';

interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly back?: { readonly to: string; readonly label: string };
  readonly mark?: ReactNode;
  readonly children: ReactNode;
}

/** Frame of every page. A page that was walked to takes the focus, so that a screen reader begins with its heading. */
export function Page({ title, lead, actions, back, mark, children }: PageProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null);
  // Only on arrival: a title that changes, e.g. when a label is edited, must not take the focus away.
  const walkedTo = useRef(useNavigationType() === NavigationType.Push);
  useEffect(() => {
    document.title = `${title} · Gatehouse`;
  }, [title]);
  useEffect(() => {
    if (walkedTo.current && !document.activeElement?.closest('[role="dialog"], input, textarea')) heading.current?.focus();
  }, []);
  return (
    <div className="gh-page">
      <header className="gh-page-head">
        <div className="gh-page-title">
          {back ? (
            <Link className="gh-back" to={back.to}>
              <Icon name="back" size={15} />
              {back.label}
            </Link>
          ) : null}
          <h1 ref={heading} tabIndex={-1}>
            {title}
            {mark}
          </h1>
          {lead === undefined ? null : <div className="gh-lead">{lead}</div>}
        </div>
        {actions === undefined ? null : <div className="gh-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}

/** A titled card. `flush` for tables, which bring their own padding. */
export function Section({ title, lead, actions, flush = false, children }: SectionProps): ReactElement {
  return (
    <section className="gh-card" aria-label={title}>
      <div className="gh-card-head">
        <div>
          <h2>{title}</h2>
          {lead === undefined ? null : <p className="gh-dim">{lead}</p>}
        </div>
        {actions === undefined ? null : <div className="gh-actions">{actions}</div>}
      </div>
      <div className={flush ? 'gh-card-flush' : 'gh-card-body'}>{children}</div>
    </section>
  );
}

/** Names and values, two columns where there is room. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }): ReactElement {
  return (
    <dl className="gh-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
