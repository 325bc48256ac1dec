import { type Coding, CODINGS } from './page-files.js';

/** The best of the codings that there are and that the client takes (RFC 9110 §12.5.3); undefined for none. */
export function negotiateCoding(acceptEncoding: string | undefined, there: readonly string[]): Coding | undefined {
  const weights = new Map((acceptEncoding ?? '').split(',').map(readWeight));
  const weightOf = (coding: Coding): number => weights.get(coding) ?? weights.get('*') ?? 0;
  return CODINGS.find((coding) => there.includes(coding) && weightOf(coding) > 0);
}

function readWeight(text: string): [coding: string, weight: number] {
  const [coding = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return [coding, weight === undefined ? 1 : Number(weight.slice(2)) || 0];
}
