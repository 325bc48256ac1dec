import type { ReactElement } from 'react';

/** The sign of the house: a gate with its bars. */
export function Mark({ size = 28 }: { readonly size?: number }): ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#1f6f5c" />
      <path d="M8 25V14a8 8 0 0 1 16 0v11" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M13 25v-9M19 25v-9M10.5 20h11" fill="none" stroke="#bfe3d8" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
