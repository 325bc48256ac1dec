import { useEffect } from 'react';
import { useNavigate } from 'react-router';
import { PLACES } from './places.js';

const SETTING = 'gatehouse-shortcuts';
const SECOND_KEY_MS = 1200;

/** Whether single keys act (WCAG 2.1.4: they can be switched off). */
export function areShortcutsOn(): boolean {
  try {
    return localStorage.getItem(SETTING) !== 'off';
  } catch {
    // Storage is forbidden: then nobody could have switched them off.
    return true;
  }
}

export function switchShortcuts(on: boolean): void {
  localStorage.setItem(SETTING, on ? 'on' : 'off');
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
const isDialogOpen = (): boolean => document.querySelector('[role="dialog"]') !== null;
const hasModifier = ({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean => ctrlKey || metaKey || altKey;
const isFree = (event: KeyboardEvent): boolean => !hasModifier(event) && !isTyping(event.target) && !isDialogOpen() && areShortcutsOn();

interface Actions {
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}

/** Ctrl+K anywhere; `g` and a letter, `n`, `/` and `?` outside of fields and dialogs. */
export function useShortcuts({ onPalette, onHelp }: Actions): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goUntil = 0;
    const single: Readonly<Record<string, () => void>> = {
      g: () => (goUntil = Date.now() + SECOND_KEY_MS),
      n: () => void navigate('/credentials?new'),
      '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
      '?': onHelp,
    };
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
        event.preventDefault();
        return onPalette();
      }
      if (!isFree(event)) return;
      const place = Date.now() < goUntil ? PLACES.find(({ key }) => key === event.key) : undefined;
      goUntil = 0;
      const act = place ? () => void navigate(place.to) : single[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate, onPalette, onHelp]);
}
