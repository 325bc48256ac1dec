import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { ApiProblem } from '../api/problem.js';
import { ErrorNote } from './notes.js';

interface FormEndProps {
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly act: string;
  readonly onCancel: () => void;
}

/** The end of a form in a dialog: what went wrong, unless its fields say so, and what one can do. */
export function FormEnd({ error, isBusy, act, onCancel }: FormEndProps): ReactElement {
  return (
    <>
      {error instanceof ApiProblem && error.faults.length > 0 ? null : <ErrorNote error={error} />}
      <div className="gh-dialog-actions">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={isBusy}>
          {act}
        </Button>
      </div>
    </>
  );
}
