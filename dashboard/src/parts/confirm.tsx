import { Button, Modal, TextInput } from '@mantine/core';
import { type SyntheticEvent, type ReactElement, type ReactNode, useState } from 'react';
import { ErrorNote } from './notes.js';

interface ConfirmProps {
  readonly title: string;
  readonly act: string;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<unknown>;
  readonly children: ReactNode;
  /** What must be typed before it can be done, e.g. the label of what is deleted. */
  readonly typed?: string;
  readonly isDangerous?: boolean;
}

/** Asks before an act that cannot be taken back, says what follows from it, and stays open with the reason if it fails. */
export function Confirm({ title, act, onClose, onConfirm, children, typed, isDangerous = true }: ConfirmProps): ReactElement {
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isReady = typed === undefined || text.trim() === typed.trim();

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (!isReady || isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };

  return (
    <Modal opened onClose={onClose} title={title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className="gh-stack" onSubmit={(event) => void submit(event)}>
        <div>{children}</div>
        {typed === undefined ? null : (
          <TextInput
            label={
              <>
                Type <strong className="gh-break">{typed}</strong> to confirm
              </>
            }
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <ErrorNote error={error} />
        <div className="gh-dialog-actions">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color={isDangerous ? 'red.9' : undefined} loading={isBusy} disabled={!isReady}>
            {act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
