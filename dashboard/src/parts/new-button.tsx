import { Button } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';
import { Link } from 'react-router';
import { Icon } from './icon.js';

/** Opens the dialog of a list that makes one more. */
export function NewButton({ size, children }: { readonly size?: 'sm'; readonly children: ReactNode }): ReactElement {
  return (
    <Button component={Link} to="?new" {...(size ? { size } : {})} leftSection={<Icon name="plus" size={16} />}>
      {children}
    </Button>
  );
}
