import { Segment } from './segment.js';
import { MAX_DOCUMENTS, SegmentWriter } from './segment-writer.js';

export interface SegmentSize {
  readonly id: number;
  /** Its sections whose page is still there. */
  readonly alive: number;
  readonly size: number;
}

/** More parts than this make a search slower. */
const MAX_SEGMENTS = 8;
/** What is as large as this is left as it is, unless most of it is gone. */
const LARGE = 20_000;

/** Which segments should become one: none while they are few and hold what they say; else the small and the hollow ones. */
export function segmentsToMerge(segments: readonly SegmentSize[]): number[] {
  const hollow = segments.filter(({ alive, size }) => alive < size / 2);
  if (segments.length <= MAX_SEGMENTS && hollow.length === 0) return [];
  const chosen: number[] = [];
  let sum = 0;
  for (const { id, alive, size } of [...segments].sort((a, b) => a.alive - b.alive || a.id - b.id)) {
    if ((alive >= LARGE && alive >= size / 2) || sum + alive > MAX_DOCUMENTS) continue;
    chosen.push(id);
    sum += alive;
  }
  const isWorthIt = chosen.length > 1 || hollow.some(({ id }) => id === chosen[0]);
  return isWorthIt ? chosen : [];
}

/** Makes one segment of several, without what is gone; undefined where nothing is left. */
export function mergeSegments(
  sources: readonly Uint8Array[],
  isPage: (page: number) => boolean,
): { size: number; data: Buffer } | undefined {
  const writer = new SegmentWriter();
  for (const source of sources) {
    const segment = new Segment(source);
    const numbers = new Int32Array(segment.size).fill(-1);
    for (let document = 0; document < segment.size; document++) {
      const page = segment.pageOf(document);
      if (!isPage(page)) continue;
      numbers[document] = writer.addDocument({ page, section: segment.sectionOf(document), kind: segment.kindOf(document) });
    }
    for (let term = 0; term < segment.termCount; term++) {
      const { documents, impacts } = segment.postingsOf(term);
      const text = segment.term(term);
      documents.forEach((document, i) => {
        const number = numbers[document] ?? -1;
        if (number !== -1) writer.addPosting(text, number, impacts[i] ?? 1);
      });
    }
  }
  return writer.size === 0 ? undefined : { size: writer.size, data: writer.finish() };
}
