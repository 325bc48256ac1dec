import { TextInput, type TextInputProps } from '@mantine/core';
import type { ReactElement } from 'react';
import type { ServerDraft } from './draft.js';
import type { ServerFieldsProps } from './server-fields.js';

type TextName = {
  [Name in keyof ServerDraft]: string extends ServerDraft[Name] ? Name : never;
}[keyof ServerDraft];

interface DraftTextProps extends Omit<TextInputProps, 'value' | 'onChange' | 'error' | 'name' | 'form'> {
  readonly form: Pick<ServerFieldsProps, 'draft' | 'change' | 'faults'>;
  readonly name: TextName;
}

/** A line of text of a server's draft, with what is wrong with it. */
export function DraftText({ form: { draft, change, faults }, name, ...input }: DraftTextProps): ReactElement {
  return (
    <TextInput {...input} value={draft[name]} onChange={(event) => change({ [name]: event.currentTarget.value })} error={faults[name]} />
  );
}
