import { Button, Modal, SegmentedControl } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { Note } from './notes.js';

/** A field that two admins have left with different values. */
export interface Clash<Name extends string = string> {
  readonly name: Name;
  readonly label: string;
  readonly mine: string;
  readonly theirs: string;
  /** False where only the other one changed it: then theirs is the sensible choice. */
  readonly didIChange: boolean;
}

interface ConflictProps<Name extends string> {
  readonly clashes: readonly Clash<Name>[];
  readonly onClose: () => void;
  /** Called with the fields of which mine is to be kept; of the others theirs stands. */
  readonly onResolve: (mine: ReadonlySet<Name>) => void;
}

/** Somebody else has changed the same thing meanwhile: both values of each field, and a choice. */
export function Conflict<Name extends string>({ clashes, onClose, onResolve }: ConflictProps<Name>): ReactElement {
  const [kept, setKept] = useState<ReadonlySet<Name>>(
    () => new Set(clashes.filter(({ didIChange }) => didIChange).map(({ name }) => name)),
  );
  const choose = (name: Name, isMine: boolean): void => {
    const next = new Set(kept);
    if (isMine) next.add(name);
    else next.delete(name);
    setKept(next);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title="Somebody else changed this meanwhile"
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="gh-stack">
        <p className="gh-dim">Nothing was saved yet. Choose what should stand, field by field.</p>
        {clashes.length === 0 ? <Note tone="good">The two versions do not differ in what you can change here.</Note> : null}
        <ul className="gh-list">
          {clashes.map(({ name, label, mine, theirs }) => (
            <li key={name}>
              <div className="gh-row-apart">
                <strong>{label}</strong>
                <SegmentedControl
                  size="xs"
                  aria-label={`Which ${label} should stand`}
                  value={kept.has(name) ? 'mine' : 'theirs'}
                  onChange={(value) => choose(name, value === 'mine')}
                  data={[
                    { value: 'mine', label: 'Mine' },
                    { value: 'theirs', label: 'Theirs' },
                  ]}
                />
              </div>
              <dl className="gh-clash">
                <div data-chosen={kept.has(name)}>
                  <dt>Mine</dt>
                  <dd>{mine}</dd>
                </div>
                <div data-chosen={!kept.has(name)}>
                  <dt>Theirs</dt>
                  <dd>{theirs}</dd>
                </div>
              </dl>
            </li>
          ))}
        </ul>
        <div className="gh-dialog-actions">
          <Button variant="default" onClick={onClose}>
            Back to the form
          </Button>
          <Button onClick={() => onResolve(kept)}>Save this</Button>
        </div>
      </div>
    </Modal>
  );
}

/** The fields in which two versions differ. */
export function clashesOf<T extends object>(
  versions: { readonly base: T; readonly mine: T; readonly theirs: T },
  labels: Readonly<Partial<Record<keyof T & string, string>>>,
): Clash<keyof T & string>[] {
  const { base, mine, theirs } = versions;
  const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (Object.entries(labels) as [keyof T & string, string][])
    .filter(([name]) => !isSame(mine[name], theirs[name]))
    .map(([name, label]) => ({
      name,
      label,
      mine: spell(mine[name]),
      theirs: spell(theirs[name]),
      didIChange: !isSame(mine[name], base[name]),
    }));
}

function spell(value: unknown): string {
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return '(empty)';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  if (Array.isArray(value)) return value.map(spellItem).join('\n');
  if (isListing(value)) return spellListing(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value, null, 2);
}

/** One of several things, in a line: what is empty or off is left out. */
function spellItem(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const parts = Object.entries(item).map(([name, value]) => {
    if (typeof value === 'boolean') return value ? name.replace(/^is/, '').toLowerCase() : '';
    return typeof value === 'string' ? value.replaceAll('\n', ', ') : JSON.stringify(value);
  });
  return parts.filter((part) => part !== '').join(' · ');
}

/** Lists by name, such as permissions by server. */
const isListing = (value: unknown): value is Readonly<Record<string, readonly unknown[]>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(Array.isArray);

const spellListing = (value: Readonly<Record<string, readonly unknown[]>>): string =>
  Object.entries(value)
    .map(([name, items]) => `${name}: ${items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(', ')}`)
    .join('\n') || '(empty)';

/** Theirs, with the fields of mine that were chosen. */
export function resolve<T extends object>(mine: T, theirs: T, kept: ReadonlySet<keyof T & string>): T {
  const own = Object.fromEntries([...kept].map((name) => [name, mine[name]])) as Partial<T>;
  return { ...theirs, ...own };
}
