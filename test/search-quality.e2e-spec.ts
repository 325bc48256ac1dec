import { beforeAll, expect, it } from '@jest/globals';
import { rankAll, type Score, scoreOf } from '../bench/search/quality.js';
import { QUESTIONS } from '../bench/search/questions.js';

let scores: Map<string, Score>;
beforeAll(async () => {
  scores = new Map([...(await rankAll())].map(([engine, ranks]) => [engine, scoreOf(engine, ranks)]));
});

it('asks at least sixty questions over two documentation sets', () => {
  expect(QUESTIONS.length).toBeGreaterThanOrEqual(60);
  expect(new Set(QUESTIONS.map(([set]) => set)).size).toBe(2);
});

it.each(['MiniSearch', 'FTS5 bm25'])('search is ahead of %s in hit@1, hit@3 and MRR', (engine) => {
  const [ours, other] = [scores.get('Gatehouse'), scores.get(engine)];
  for (const figure of ['hitAt1', 'hitAt3', 'mrr'] as const) {
    expect(ours?.[figure]).toBeGreaterThan(other?.[figure] ?? 1);
  }
});

it('search is as good as it was', () => {
  const { hitAt1 = 0, hitAt3 = 0, mrr = 0 } = scores.get('Gatehouse') ?? {};
  expect([hitAt1 >= 0.8, hitAt3 >= 0.92, mrr >= 0.86]).toEqual([true, true, true]);
});
