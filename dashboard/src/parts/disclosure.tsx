import { Collapse, UnstyledButton } from '@mantine/core';
import { type ReactElement, type ReactNode, useState } from 'react';
import { Icon } from './icon.js';

interface DisclosureProps {
  readonly label: string;
  /** Whether something in it is not as it comes: then it begins open. */
  readonly isUsed: boolean;
  /** Whether something in it is wrong, which must not stay out of sight. */
  readonly hasFault?: boolean;
  readonly children: ReactNode;
}

/** Settings that most people never need. */
export function Disclosure({ label, isUsed, hasFault = false, children }: DisclosureProps): ReactElement {
  const [isWanted, setWanted] = useState(isUsed);
  const isOpen = isWanted || hasFault;
  return (
    <div>
      <UnstyledButton className="gh-disclosure" aria-expanded={isOpen} onClick={() => setWanted(!isOpen)}>
        <Icon name={isOpen ? 'down' : 'right'} size={15} />
        {label}
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <div className="gh-stack gh-disclosed">{children}</div>
      </Collapse>
    </div>
  );
}
