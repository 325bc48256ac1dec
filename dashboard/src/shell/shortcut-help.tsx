import { Modal, Switch } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { PLACES } from './places.js';
import { areShortcutsOn, switchShortcuts } from './use-shortcuts.js';

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [['Ctrl', 'K'], 'Find a credential or server, or do something'],
  [['n'], 'New credential'],
  [['/'], 'To the search field of a list'],
  [['?'], 'This help'],
  ...PLACES.map(({ key, label }) => [['g', key], label] as const),
];

export function ShortcutHelp({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [isOn, setOn] = useState(areShortcutsOn);
  const change = (on: boolean): void => {
    switchShortcuts(on);
    setOn(on);
  };
  return (
    <Modal opened onClose={onClose} title="Keyboard shortcuts" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="gh-stack">
        <dl className="gh-keys">
          {KEYS.map(([keys, what]) => (
            <div key={what}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <Switch
          label="Single keys act"
          description="Switch this off if speech input or a screen reader sends letters."
          checked={isOn}
          onChange={(event) => change(event.currentTarget.checked)}
        />
      </div>
    </Modal>
  );
}
