import { Button, Modal } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';
import { CodeLine } from './code.js';
import { CopyButton } from './copy-button.js';
import { Note } from './notes.js';

interface ModalProps {
  readonly title: string;
  /** Whether the secret is there: then the dialog ends by its button alone, never by a slip. */
  readonly isShown: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A dialog that makes a secret and then shows it. */
export function SecretModal({ title, isShown, onClose, children }: ModalProps): ReactElement {
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={!isShown}
      withCloseButton={!isShown}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Modal>
  );
}

interface Line {
  readonly title: string;
  readonly text: string;
  /** What it is called for those who do not see it. */
  readonly label: string;
}

interface SecretProps {
  /** What is shown, in a word: `secret`, `key`. */
  readonly what: string;
  /** The last one is the secret. */
  readonly lines: readonly [...Line[], Line];
  readonly about?: string;
  /** What to do with it. */
  readonly children?: ReactNode;
  readonly onClose: () => void;
}

/** What is seen this once. */
export function SecretOnce({ what, lines, about, children, onClose }: SecretProps): ReactElement {
  const secret = lines[lines.length - 1]?.text ?? '';
  return (
    <div className="gh-stack">
      <Note tone="warn" title={`Keep the ${what} now.`}>
        It is shown this once. {about}
      </Note>
      <div className="gh-secret">
        {lines.map(({ title, text, label }) => (
          <div key={title}>
            <span className="gh-dim gh-small">{title}</span>
            <CodeLine text={text} label={label} />
          </div>
        ))}
        <div className="gh-row">
          <CopyButton text={secret} what={what} />
        </div>
      </div>
      {children}
      <div className="gh-dialog-actions">
        <Button onClick={onClose} data-autofocus>
          I have kept the {what}
        </Button>
      </div>
    </div>
  );
}
