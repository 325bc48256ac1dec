/**
 * How good search is: over two real documentation sets, how often a section that answers a question comes first, among the first
 * three, and how far down it comes (mean reciprocal rank over the first ten), against plain MiniSearch and SQLite FTS5.
 * `npm run bench -- quality [-v]`
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, fts5, gatehouse, miniSearch, sectionsOf } from './engines.js';
import { QUESTIONS } from './questions.js';

export interface Score {
  readonly engine: string;
  readonly hitAt1: number;
  readonly hitAt3: number;
  readonly mrr: number;
}

const LIMIT = 10;
const SETS = ['pino', 'fastify'] as const;
const folderOf = (set: string): string => join('node_modules', set, 'docs');

/** Ranks of the first right answer, 0 for none, question by question, for each engine. */
export async function rankAll(): Promise<Map<string, number[]>> {
  const ranks = new Map<string, number[]>();
  for (const set of SETS) {
    const sections = sectionsOf(folderOf(set));
    const known = new Set(sections.map(({ id }) => id));
    const engines: Engine[] = [miniSearch(sections), fts5(sections), await gatehouse(folderOf(set))];
    for (const [of, question, answers] of QUESTIONS) {
      if (of !== set) continue;
      const unknown = answers.filter((answer) => !known.has(answer));
      if (unknown.length > 0) throw new Error(`"${question}": there is no ${unknown.join(', ')}`);
      for (const engine of engines) {
        const rank = engine.search(question, LIMIT).findIndex((id) => answers.includes(id)) + 1;
        ranks.set(engine.name, [...(ranks.get(engine.name) ?? []), rank]);
      }
    }
    for (const engine of engines) await engine.close();
  }
  return ranks;
}

export const scoreOf = (engine: string, ranks: readonly number[]): Score => ({
  engine,
  hitAt1: ranks.filter((rank) => rank === 1).length / ranks.length,
  hitAt3: ranks.filter((rank) => rank >= 1 && rank <= 3).length / ranks.length,
  mrr: ranks.reduce((sum, rank) => sum + (rank === 0 ? 0 : 1 / rank), 0) / ranks.length,
});

/** Prints the figures; with `-v` also what came of each question. */
async function main(): Promise<void> {
  for (const set of SETS) if (!existsSync(folderOf(set))) throw new Error(`${folderOf(set)} is missing: npm ci first`);
  const ranks = await rankAll();
  process.stdout.write(`${QUESTIONS.length} questions\n\n| engine | hit@1 | hit@3 | MRR@10 |\n| --- | --- | --- | --- |\n`);
  for (const [engine, list] of ranks) {
    const { hitAt1, hitAt3, mrr } = scoreOf(engine, list);
    process.stdout.write(`| ${engine} | ${hitAt1.toFixed(3)} | ${hitAt3.toFixed(3)} | ${mrr.toFixed(3)} |\n`);
  }
  if (!process.argv.includes('-v')) return;
  QUESTIONS.forEach(([set, question], i) => {
    const all = [...ranks].map(([engine, list]) => `${engine} ${list[i] ?? 0}`).join(', ');
    process.stdout.write(`${set}: ${question} — ${all}\n`);
  });
}

if (process.argv[1]?.endsWith('quality.ts')) await main();
