import type { ReactElement, ReactNode } from 'react';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'info';

/** A state in a word. The colour only repeats what the word says. */
export function Pill({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactElement {
  return (
    <span className="gh-pill" data-tone={tone}>
      <span className="gh-dot" aria-hidden="true" />
      {children}
    </span>
  );
}

/** A small neutral label, e.g. a scope or a slug. */
export function Tag({ children }: { readonly children: ReactNode }): ReactElement {
  return <span className="gh-tag">{children}</span>;
}

export function Tags({ values, none }: { readonly values: readonly string[]; readonly none?: ReactNode }): ReactElement {
  if (values.length === 0) return <span className="gh-dim">{none ?? 'none'}</span>;
  return (
    <span className="gh-tags">
      {values.map((value) => (
        <Tag key={value}>{value}</Tag>
      ))}
    </span>
  );
}
