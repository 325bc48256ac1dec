import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf, Tally } from './report.mjs';

/** Asks the same things again and again, each in a loop of its own, and remembers what was answered when. */
export class Watch {
  #probes;
  #everyMs;
  #seen = [];
  #isOver = false;
  #loops = [];

  /** `probes` are functions by name that give an answer. */
  constructor(probes, everyMs = 200) {
    this.#probes = probes;
    this.#everyMs = everyMs;
  }

  start() {
    this.#loops = Object.entries(this.#probes).map(async ([name, ask]) => {
      while (!this.#isOver) {
        const askedAt = performance.now();
        const answer = await ask();
        this.#seen.push({ name, askedAt, at: performance.now(), what: nameOf(answer), answer });
        await sleep(this.#everyMs);
      }
    });
  }

  async stop() {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  /** Answers to what was asked from then on, and answered before. */
  answers(name, from, to = Infinity) {
    return this.#seen.filter((each) => each.name === name && each.askedAt >= from && each.at <= to);
  }

  tally(name, from, to) {
    const tally = new Tally();
    for (const { what } of this.answers(name, from, to)) tally.add(what);
    return tally.all;
  }

  /** Milliseconds from then until all is well for good: the end of the last answer that is not. */
  wellAfter(from, isWell = ({ status }) => status === 200) {
    const bad = this.#seen.filter(({ at, answer }) => at >= from && !isWell(answer)).map(({ at }) => at);
    return Math.max(0, ...bad.map((at) => at - from));
  }
}

export const is =
  (...statuses) =>
  ({ answer }) =>
    statuses.includes(answer.status);

/** A refusal that says when to come again. */
export const isUnavailable = ({ answer: { status, headers } }) => status === 503 && headers['retry-after'] !== undefined;
