import { ActionIcon, Drawer } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { Link, NavLink, Outlet } from 'react-router';
import { Icon } from '../parts/icon.js';
import { ConnectionBanner } from './connection-banner.js';
import { Mark } from './mark.js';
import { MeMenu } from './me-menu.js';
import { Palette } from './palette.js';
import { PLACES } from './places.js';
import { ShortcutHelp } from './shortcut-help.js';
import { useShortcuts } from './use-shortcuts.js';

type Open = 'palette' | 'help' | 'menu' | null;

/** The frame of all pages: where one is, where one can go, who one is. */
export function Shell(): ReactElement {
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  useShortcuts({ onPalette: () => setOpen('palette'), onHelp: () => setOpen('help') });
  const find = (): void => setOpen('palette');
  const help = (): void => setOpen('help');

  return (
    <div className="gh-shell">
      <a className="gh-skip" href="#content">
        Skip to the content
      </a>
      <aside className="gh-side">
        <Brand />
        <Side onFind={find} onHelp={help} />
      </aside>
      <div className="gh-top">
        <Brand />
        <div className="gh-row">
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Find or do" onClick={find}>
            <Icon name="search" />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Menu"
            aria-expanded={open === 'menu'}
            onClick={() => setOpen('menu')}
          >
            <Icon name="menu" size={20} />
          </ActionIcon>
        </div>
      </div>
      <Drawer opened={open === 'menu'} onClose={close} title={<Brand />} size="280px" closeButtonProps={{ 'aria-label': 'Close menu' }}>
        <div className="gh-drawer-side">
          <Side onFind={find} onHelp={help} onLeave={close} />
        </div>
      </Drawer>
      <main className="gh-main" id="content" tabIndex={-1}>
        <ConnectionBanner />
        <Outlet />
      </main>
      {open === 'palette' ? <Palette onClose={close} onHelp={help} /> : null}
      {open === 'help' ? <ShortcutHelp onClose={close} /> : null}
    </div>
  );
}

const Brand = (): ReactElement => (
  <Link to="/" className="gh-brand">
    <Mark size={26} />
    Gatehouse
  </Link>
);

interface SideProps {
  readonly onFind: () => void;
  readonly onHelp: () => void;
  readonly onLeave?: () => void;
}

function Side({ onFind, onHelp, onLeave }: SideProps): ReactElement {
  return (
    <>
      <button type="button" className="gh-find" onClick={onFind}>
        <Icon name="search" size={16} />
        Find or do
        <kbd>{navigator.platform.startsWith('Mac') ? '⌘ K' : 'Ctrl K'}</kbd>
      </button>
      <nav className="gh-nav" aria-label="Main">
        {PLACES.map(({ to, label, icon }) => (
          <NavLink key={to} to={to} end={to === '/'} onClick={onLeave}>
            <Icon name={icon} />
            {label}
          </NavLink>
        ))}
      </nav>
      <div className="gh-side-foot">
        <MeMenu onHelp={onHelp} />
      </div>
    </>
  );
}
