const UPWARDS = /(^|[/\\])\.\.([/\\?#;]|$)/;
/** What readers of paths and URLs take for something else, or for nothing (WHATWG URL, "tab or newline"). */
const ENCODED: readonly (readonly [RegExp, string])[] = [
  [/[\t\n\r]/g, ''],
  [/%2e/gi, '.'],
  [/%2f/gi, '/'],
  [/%5c/gi, '\\'],
];

/** Whether what follows a beginning leads out of it again: `/data/../etc/passwd` begins with `/data/` and means something else. */
export function leadsOut(beginning: string, rest: string): boolean {
  const plain = ENCODED.reduce((text, [code, character]) => text.replace(code, character), rest);
  return UPWARDS.test(plain) || (plain.startsWith('.') && UPWARDS.test(beginning.slice(-2) + plain));
}
