import { Select } from '@mantine/core';
import type { ReactElement } from 'react';
import { formatDuration } from './times.js';

const COMMON = [300, 900, 3600, 14_400, 86_400, 604_800, 1_209_600];

interface TtlFieldProps {
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
  readonly error?: string | undefined;
  readonly label?: string;
  /** What it is where nothing is chosen. */
  readonly unset?: string;
}

/** How long a token lives. Offers what people choose, and keeps what an API call chose. */
export function TtlField({ value, onChange, error, label = 'A token lives', unset = 'As the server says' }: TtlFieldProps): ReactElement {
  const seconds = value === null || COMMON.includes(value) ? COMMON : [...COMMON, value].sort((a, b) => a - b);
  return (
    <Select
      label={label}
      description="A disabled credential ends its tokens at once all the same."
      data={[{ value: '', label: unset }, ...seconds.map((ttl) => ({ value: String(ttl), label: formatDuration(ttl) }))]}
      value={value === null ? '' : String(value)}
      allowDeselect={false}
      onChange={(chosen) => onChange(chosen ? Number(chosen) : null)}
      error={error}
    />
  );
}
