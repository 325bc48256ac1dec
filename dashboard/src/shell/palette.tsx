import { Modal, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactElement, useDeferredValue, useId, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, body } from '../api/client.js';
import { useMay } from '../api/session.js';
import { Icon, type IconName } from '../parts/icon.js';
import { PLACES } from './places.js';
import { SHOW_AT_ONCE } from './color-scheme.js';
import { useSignOut } from './use-sign-out.js';

interface Command {
  readonly id: string;
  readonly label: string;
  readonly kind: string;
  readonly icon: IconName;
  readonly act: () => void;
}

const FOUND = 6;

/** Everything that one can go to or do, by typing a part of its name. */
export function Palette({ onClose, onHelp }: { readonly onClose: () => void; readonly onHelp: () => void }): ReactElement {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useCommands(text, onHelp);
  const listId = useId();
  const chosen = Math.min(at, commands.length - 1);

  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    command.act();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((chosen + step + commands.length) % Math.max(commands.length, 1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(commands[chosen]);
    }
  };

  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size={560} yOffset="12dvh" aria-label="Find or do">
      <div className="gh-palette-input">
        <Icon name="search" />
        <input
          role="combobox"
          aria-label="Find or do"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={commands[chosen] ? `${listId}-${commands[chosen].id}` : undefined}
          placeholder="A credential, a server, a page, an act …"
          data-autofocus
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      {commands.length === 0 ? (
        <p className="gh-palette-none gh-dim" role="status">
          Nothing has this name.
        </p>
      ) : null}
      <ul className="gh-palette-list" role="listbox" id={listId} aria-label="What was found">
        {commands.map((command, index) => (
          <li
            key={command.id}
            id={`${listId}-${command.id}`}
            role="option"
            aria-selected={index === chosen}
            ref={index === chosen ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
            onMouseMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} />
            <span className="gh-break">{command.label}</span>
            <small>{command.kind}</small>
          </li>
        ))}
      </ul>
    </Modal>
  );
}

function useCommands(text: string, onHelp: () => void): readonly Command[] {
  const wanted = text.trim().toLowerCase();
  const fixed = useFixedCommands(onHelp);
  const found = useFoundThings(useDeferredValue(wanted));
  return [...fixed.filter(({ label }) => label.toLowerCase().includes(wanted)), ...found];
}

function useFixedCommands(onHelp: () => void): readonly Command[] {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme(SHOW_AT_ONCE);
  const signOut = useSignOut();
  const mayWrite = useMay('write');
  const go = (to: string) => () => void navigate(to);
  const places = PLACES.map(({ to, label, icon }) => ({ id: `go-${label.replace(/\W/g, '')}`, label, kind: 'page', icon, act: go(to) }));
  return [
    ...places,
    ...(mayWrite
      ? [
          { id: 'new-credential', label: 'New credential', kind: 'act', icon: 'plus' as const, act: go('/credentials?new') },
          { id: 'new-server', label: 'New server', kind: 'act', icon: 'plus' as const, act: go('/servers?new') },
        ]
      : []),
    { id: 'light', label: 'Light appearance', kind: 'act', icon: 'sun', act: () => setColorScheme('light') },
    { id: 'dark', label: 'Dark appearance', kind: 'act', icon: 'moon', act: () => setColorScheme('dark') },
    { id: 'help', label: 'Keyboard shortcuts', kind: 'act', icon: 'info', act: onHelp },
    { id: 'out', label: 'Sign out', kind: 'act', icon: 'out', act: () => void signOut() },
  ];
}

/** Credentials and servers whose name holds the text. */
function useFoundThings(wanted: string): readonly Command[] {
  const navigate = useNavigate();
  const isWanted = wanted.length > 0;
  const credentials = useQuery({
    queryKey: ['credentials', 'find', wanted],
    queryFn: ({ signal }) => body(api.GET('/api/v1/credentials', { params: { query: { search: wanted, limit: FOUND } }, signal })),
    enabled: isWanted,
    placeholderData: (before) => before,
  });
  const servers = useQuery({
    queryKey: ['servers'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/servers', { signal })),
    enabled: isWanted,
  });
  if (!isWanted) return [];
  const foundServers = (servers.data?.items ?? []).filter(({ slug, name }) => `${slug} ${name}`.toLowerCase().includes(wanted));
  return [
    ...(credentials.data?.items ?? []).map(({ id, label }) => ({
      id: `credential-${id}`,
      label,
      kind: 'credential',
      icon: 'key' as const,
      act: () => void navigate(`/credentials/${id}`),
    })),
    ...foundServers.slice(0, FOUND).map(({ slug, name }) => ({
      id: `server-${slug}`,
      label: name,
      kind: 'server',
      icon: 'server' as const,
      act: () => void navigate(`/servers/${slug}`),
    })),
  ];
}
