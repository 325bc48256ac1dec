import type { ReactElement } from 'react';

/** Strokes on a 20 × 20 grid. */
const SHAPES = {
  overview: 'M3 10.5 10 4l7 6.5M5 9v7h10V9',
  key: 'M7.5 12.5a3.5 3.5 0 1 1 2.4-6 3.5 3.5 0 0 1-2.4 6Zm2.7-3.2 7 0M14.5 9.3v3M17 9.3v2',
  server: 'M3.5 4.5h13v4.5h-13zM3.5 11h13v4.5h-13zM6.2 6.7h.1M6.2 13.2h.1M9 6.7h5M9 13.2h5',
  audit: 'M5 3.5h10v13H5zM7.5 7h5M7.5 10h5M7.5 13h3',
  people:
    'M7.5 9a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 7.5 9ZM2.5 16.5c.3-3 2.2-4.7 5-4.7s4.7 1.7 5 4.7M13 3.9a2.7 2.7 0 0 1 0 5M14.5 12c1.8.6 2.8 2.2 3 4.5',
  settings: 'M4 6h7M15 6h1M4 14h1M9 14h7M13 4.2v3.6M7 12.2v3.6',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4',
  plus: 'M10 4v12M4 10h12',
  copy: 'M7 7h9.5v9.5H7zM4.5 13h-1V3.5H13v1',
  check: 'm4 10.5 4 4 8-9',
  close: 'm5 5 10 10M15 5 5 15',
  alert: 'M10 3.5 17.5 16.5h-15zM10 8.5v3.5M10 14.3h.1',
  info: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 9v4.5M10 6.5h.1',
  more: 'M5 10h.1M10 10h.1M15 10h.1',
  right: 'm8 5 5 5-5 5',
  down: 'm5 8 5 5 5-5',
  up: 'm5 12 5-5 5 5',
  back: 'M16 10H4M9 5l-5 5 5 5',
  menu: 'M3.5 6h13M3.5 10h13M3.5 14h13',
  sun: 'M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1',
  moon: 'M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5Z',
  screen: 'M3 4.5h14v9H3zM7.5 16.5h5',
  play: 'M6.5 4.5v11l9-5.5z',
  pause: 'M7 4.5v11M13 4.5v11',
  refresh: 'M16 8.5A6.3 6.3 0 0 0 4.5 7M4 11.5A6.3 6.3 0 0 0 15.5 13M4.3 3.5V7h3.5M15.7 16.5V13h-3.5',
  download: 'M10 3.5v9M6 9l4 4 4-4M4 16.5h12',
  out: 'M8 4H4v12h4M12 6.5 15.5 10 12 13.5M15 10H8',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6v4.3l2.7 1.7',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.7 10.5h7.6L14.5 6M8.5 9v5M11.5 9v5',
  pen: 'm4 16 .7-3.5L13 4.2l2.8 2.8-8.3 8.3z',
  tool: 'M12.5 3.7a4 4 0 0 0-4.6 5.4L3.5 13.5l3 3 4.4-4.400a4 4 0 0 0 5.4-4.6l-2.5 2.5-2.8-.8-.8-2.8z',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l2.9-2.9a3 3 0 1 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-2.9 2.9a3 3 0 1 0 4.3 4.3l1-1',
  book: 'M3.5 4.5c2.5-.7 4.7-.4 6.5 1 1.8-1.4 4-1.7 6.5-1v11c-2.5-.7-4.7-.4-6.5 1-1.8-1.4-4-1.7-6.5-1zM10 5.5v11',
  terminal: 'M3 4.5h14v11H3zM6 8l2.5 2L6 12M10.5 12.5H14',
  group: 'M4 4h5v5H4zM11 11h5v5h-5zM13.5 4v4M11.5 6h4M6.5 11v5M4 13.5h5',
} as const;

export type IconName = keyof typeof SHAPES;

/** A picture beside words that say the same; never the only carrier of a meaning. */
export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg
      className="gh-icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={SHAPES[name]} />
    </svg>
  );
}
