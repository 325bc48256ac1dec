import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { parsePage } from '../content/page.js';
import { mergeSegments, segmentsToMerge } from './merge-segments.js';
import { parseQuery } from './query.js';
import { type Candidate, SearchIndex } from './search-index.js';
import { fieldsOf } from './section-fields.js';
import { Segment } from './segment.js';
import { SegmentWriter } from './segment-writer.js';
import { editDistance, forgivenErrors } from './spelling.js';
import { parseSynonyms } from './synonyms.js';
import { Terms, wordsOf } from './words.js';

/** A segment of pages, numbered from 1 in their order. */
function segmentOf(pages: Readonly<Record<string, string>>, first = 1, kind = 0): Buffer {
  const writer = new SegmentWriter();
  Object.entries(pages).forEach(([file, text], i) => {
    for (const entry of fieldsOf(parsePage({ file, text }))) writer.add({ page: first + i, kind, language: '', ...entry });
  });
  return writer.finish();
}

function indexOf(pages: Readonly<Record<string, string>>): SearchIndex {
  const index = new SearchIndex();
  index.addPart(1, segmentOf(pages), () => true);
  return index;
}

const CONTEXT = { languages: ['en'], synonyms: new Map<string, string[]>() };
const search = (index: SearchIndex, text: string, context: Parameters<typeof parseQuery>[1] = CONTEXT): Candidate[] =>
  index.search(parseQuery(text, context), 50, () => true);
const pagesOf = (found: readonly Candidate[]): number[] => found.map(({ page }) => page);

describe('SearchIndex', () => {
  it('weighs a title above a heading, and a heading above the text', () => {
    const index = indexOf({
      'text.md': '# Other\n\nrotation\n',
      'heading.md': '# Other\n\nnothing\n\n## Rotation\n\nnothing\n',
      'title.md': '# Rotation\n\nnothing\n',
    });
    expect(pagesOf(search(index, 'rotation'))).toEqual([3, 2, 1]);
  });

  it('puts exact words before beginnings of words, and forgives errors where nothing else is found', () => {
    const index = indexOf({
      'fuzzy.md': '# Taken\n\ntaken taken\n',
      'prefix.md': '# Configuration\n\nconfiguration configuration\n',
      'exact.md': '# Other\n\nWords and words and words around one config in a long text.\n',
    });
    expect(pagesOf(search(index, 'config'))).toEqual([3, 2]);
    expect(pagesOf(search(index, 'takne'))).toEqual([1]);
  });

  it.each([
    ['credentails', 'letters exchanged'],
    ['credntials', 'a letter left out'],
    ['credentialls', 'a letter too many'],
    ['cred', 'a beginning'],
    ['Credential', 'another ending'],
    ['cafe', 'no accent'],
    ['CAFÉ', 'another case'],
  ])('finds %s (%s)', (query) => {
    expect(search(indexOf({ 'a.md': '# Credentials\n\nCafé\n' }), query)).toHaveLength(1);
  });

  it('forgives no error in a number, nor in a short word', () => {
    const index = indexOf({ 'a.md': '# Port 8080\n\nThe cat\n' });
    expect([search(index, '8081'), search(index, 'bat')]).toEqual([[], []]);
  });

  it('puts sections with all words before those with some', () => {
    const index = indexOf({ 'one.md': '# Secret secret\n\nsecret\n', 'both.md': '# Other\n\nRotate the client secret.\n' });
    expect(pagesOf(search(index, 'rotate secret'))).toEqual([2, 1]);
  });

  it('looks past the little words of a question', () => {
    const index = indexOf({ 'how.md': '# How do I do it\n\nhow do I\n', 'rotate.md': '# Rotation\n\nRotate it.\n' });
    expect(pagesOf(search(index, 'How do I rotate?'))).toEqual([2]);
    expect(pagesOf(search(index, 'how do I'))).toContain(1);
  });

  it('finds code by its name and by its parts, the name first', () => {
    const index = indexOf({
      'a.md': '# Code\n\n`maxRetryCount`, `RATE_LIMIT_TOKENS`, `--dry-run`, config.json\n',
      'b.md': '# Retry\n\nmax, retry, count\n',
    });
    for (const query of ['maxRetryCount', 'rate_limit_tokens', 'limit', '--dry-run', 'config.json', 'HTTPServer tokens']) {
      expect(pagesOf(search(index, query))[0]).toBe(1);
    }
    expect(pagesOf(search(index, 'retry'))).toHaveLength(2);
  });

  it('finds words in scripts without spaces', () => {
    const index = indexOf({ 'a.md': '# 認証サーバー\n\nアクセストークンの取得方法\n', 'b.md': '# 別のページ\n' });
    expect([pagesOf(search(index, 'トークン')), pagesOf(search(index, '認証'))]).toEqual([[1], [1]]);
  });

  it('finds words by their stem, in the language of the page', () => {
    const index = new SearchIndex();
    const writer = new SegmentWriter();
    writer.add({
      page: 1,
      section: 0,
      kind: 0,
      language: 'de',
      fields: { title: '', heading: '', keywords: '', place: '', text: 'die Zugangsdaten der Häuser' },
    });
    index.addPart(1, writer.finish(), () => true);
    expect(search(index, 'Haus', { ...CONTEXT, languages: ['de', 'en'] })).toHaveLength(1);
  });

  it('finds what is called otherwise, where a list of synonyms says so', () => {
    const index = indexOf({ 'a.md': '# Kubernetes\n\nx\n', 'b.md': '# Single sign-on\n\nx\n' });
    const synonyms = parseSynonyms('k8s, kubernetes # both\nsso => single sign-on\n\n=>\n,,\n');
    expect(pagesOf(search(index, 'k8s', { ...CONTEXT, synonyms }))).toEqual([1]);
    expect(pagesOf(search(index, 'SSO', { ...CONTEXT, synonyms }))).toEqual([2]);
    expect(search(index, 'k8s')).toEqual([]);
  });

  it('finds a section by the headings above it', () => {
    const index = indexOf({
      'a.md': '# Guide\n\nx\n\n## Postgres\n\ny\n\n### Pooling\n\nz\n',
      'b.md': '# Other\n\nx\n\n### Pooling\n\nz\n',
    });
    expect(search(index, 'postgres pooling')[0]).toMatchObject({ page: 1, section: 2 });
  });

  it('shows only what is allowed, and counts none of the rest among the best', () => {
    const index = new SearchIndex();
    index.addPart(1, segmentOf(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`a${i}.md`, '# One\n'])), 1, 1), () => true);
    index.addPart(2, segmentOf({ 'b.md': 'one and many other words that make it worse\n' }, 100, 2), () => true);
    expect(pagesOf(index.search(parseQuery('one', CONTEXT), 10, (kind) => kind === 2))).toEqual([100]);
  });

  it('forgets pages and parts that are gone', () => {
    const index = indexOf({ 'a.md': '# First\n', 'b.md': '# First\n' });
    index.addPart(2, segmentOf({ 'c.md': '# First\n' }, 3), () => true);
    index.removePage(1);
    expect([pagesOf(search(index, 'first')).sort(), index.size]).toEqual([[2, 3], 2]);
    index.removePart(1);
    expect([pagesOf(search(index, 'first')), index.size]).toEqual([[3], 1]);
    index.removePage(3);
    expect([search(index, 'first'), index.size]).toEqual([[], 0]);
  });

  it('takes any query and any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 400 }), (text, query) => {
        const index = indexOf({ 'a.md': text, 'constructor.md': '# __proto__ constructor\n' });
        expect(search(index, query).length).toBeLessThanOrEqual(50);
        expect(search(index, '__proto__ constructor').length).toBeGreaterThan(0);
      }),
    );
  });

  it('answers the same from many segments as from one, merged or not', () => {
    const word = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'rotation', 'rotate', 'fooBar', '認証');
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 2, maxLength: 8 }),
        fc.array(word, { minLength: 1, maxLength: 3 }),
        fc.nat(7),
        (texts, words, gone) => {
          const whole = indexOf(Object.fromEntries(texts.map((one, i) => [`p${i}.md`, one])));
          const parts = texts.map((one, i) => segmentOf({ [`p${i}.md`]: one }, i + 1));
          const split = new SearchIndex();
          parts.forEach((part, i) => split.addPart(i, part, () => true));
          whole.removePage(gone + 1);
          split.removePage(gone + 1);
          const merged = new SearchIndex();
          const together = mergeSegments(parts, (page) => page !== gone + 1);
          if (together) merged.addPart(1, together.data, () => true);
          const round = (found: readonly Candidate[]) => found.map(({ page, coverage }) => [page, coverage.toFixed(3)]).sort();
          const query = words.join(' ');
          // What is gone still counts in how common a word is, until it is merged away: the order may differ by that alone.
          expect(pagesOf(search(split, query)).sort()).toEqual(pagesOf(search(merged, query)).sort());
          expect(round(search(split, query))).toEqual(round(search(whole, query)));
        },
      ),
    );
  });
});

describe('Segment', () => {
  it('refuses what is no whole segment', () => {
    const data = segmentOf({ 'a.md': '# One\n' });
    for (const broken of [data.subarray(0, data.length - 1), Buffer.alloc(0), Buffer.alloc(64, 255)])
      expect(() => new Segment(broken)).toThrow(RangeError);
  });
});

describe('segmentsToMerge', () => {
  it('leaves few alone, joins the small of many, and empties the hollow', () => {
    const small = Array.from({ length: 9 }, (_, i) => ({ id: i, size: 10, alive: 10 }));
    expect(segmentsToMerge(small.slice(0, 8))).toEqual([]);
    expect(segmentsToMerge(small)).toHaveLength(9);
    expect(segmentsToMerge([{ id: 1, size: 50_000, alive: 50_000 }, ...small.slice(1, 3)])).toEqual([]);
    expect(segmentsToMerge([{ id: 1, size: 50_000, alive: 100 }])).toEqual([1]);
  });
});

describe('editDistance', () => {
  it('is that of its definition: letters put in, left out, changed, exchanged', () => {
    expect(editDistance('kitten', 'sitting', 5)).toBe(3);
    expect(editDistance('abcd', 'abdc', 2)).toBe(1);
    expect(editDistance('abc', 'xyz', 1)).toBe(2);
  });

  it('is symmetrical, and zero for the same alone, for any words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(editDistance(a, b, 20)).toBe(editDistance(b, a, 20));
        expect(editDistance(a, b, 20) === 0).toBe(a === b);
      }),
    );
  });

  it('forgives more in longer words', () => {
    expect(['abc', 'abcd', 'abcdefgh', 'v12345678'].map(forgivenErrors)).toEqual([0, 1, 2, 0]);
  });
});

describe('Terms', () => {
  it.each([
    ['fooBar', ['foobar', 'foo', 'bar']],
    ['HTTPServer', ['httpserver', 'http', 'server']],
    ['FOO_BAR', ['foo_bar', 'foo', 'bar']],
    ['__proto__', ['proto']],
    ['Rotation', ['rotat']],
    ['トークン', ['トー', 'ーク', 'クン']],
    ['Café', ['cafe']],
  ])('makes of %s %j', (word, terms) => {
    expect(new Terms('en').of(word)).toEqual(terms);
  });

  it('is bounded, however long a word is', () => {
    for (const term of wordsOf('x'.repeat(100_000)).flatMap((word) => [...new Terms('en').of(word)]))
      expect(term.length).toBeLessThanOrEqual(64);
  });
});
