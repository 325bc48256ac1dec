import { TextInput } from '@mantine/core';
import { type ReactElement, useEffect, useRef, useState } from 'react';
import { Icon } from './icon.js';

const REST_MS = 250;

interface SearchFieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Reports what was typed once the typing rests. */
export function SearchField({ label, placeholder, value, onChange }: SearchFieldProps): ReactElement {
  const [text, setText] = useState(value);
  const report = useRef(onChange);
  useEffect(() => {
    report.current = onChange;
  });
  useEffect(() => {
    if (text === value) return undefined;
    const timer = window.setTimeout(() => report.current(text.trim()), REST_MS);
    return () => window.clearTimeout(timer);
  }, [text, value]);
  return (
    <TextInput
      className="gh-grow"
      type="search"
      aria-label={label}
      placeholder={placeholder}
      leftSection={<Icon name="search" size={16} />}
      data-search
      maxLength={120}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  );
}
