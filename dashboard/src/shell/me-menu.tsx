import { Menu, SegmentedControl, useMantineColorScheme, VisuallyHidden } from '@mantine/core';
import type { ReactElement } from 'react';
import { useNavigate } from 'react-router';
import { useMe } from '../api/session.js';
import { Icon, type IconName } from '../parts/icon.js';
import { SHOW_AT_ONCE } from './color-scheme.js';
import { useSignOut } from './use-sign-out.js';

const SCHEMES: readonly (readonly ['light' | 'dark' | 'auto', string, IconName])[] = [
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
  ['auto', 'As the system', 'screen'],
];

/** Who is signed in, and what concerns only them: appearance, password, sessions, sign-out. */
export function MeMenu({ onHelp }: { readonly onHelp: () => void }): ReactElement {
  const me = useMe();
  const navigate = useNavigate();
  const signOut = useSignOut();
  return (
    <>
      <SchemeSwitch />
      <Menu position="top-start" width={210} shadow="md">
        <Menu.Target>
          <button type="button" className="gh-me">
            <span className="gh-avatar" aria-hidden="true">
              {me.name.slice(0, 1)}
            </span>
            <span className="gh-me-name">
              <strong>{me.name}</strong>
              <span className="gh-dim">{me.role}</span>
              <VisuallyHidden>: account</VisuallyHidden>
            </span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="lock" size={16} />} onClick={() => void navigate('/settings#account')}>
            Password and sessions
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="info" size={16} />} onClick={onHelp}>
            Keyboard shortcuts
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="book" size={16} />} component="a" href="/api/docs" target="_blank" rel="noreferrer">
            Admin API
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="out" size={16} />} onClick={() => void signOut()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function SchemeSwitch(): ReactElement {
  const { colorScheme, setColorScheme } = useMantineColorScheme(SHOW_AT_ONCE);
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      mb={8}
      aria-label="Appearance"
      value={colorScheme}
      onChange={(value) => setColorScheme(value)}
      data={SCHEMES.map(([value, label, icon]) => ({
        value,
        label: (
          <span className="gh-scheme">
            <Icon name={icon} size={15} />
            <VisuallyHidden>{label}</VisuallyHidden>
          </span>
        ),
      }))}
    />
  );
}
