import { randomUUID } from 'node:crypto';
import { between, oneOf } from './random.mjs';

/** So that checks after each kill do not take longer than the load before it. */
const MAX_ALIVE = 6;
const LONG_EVERY = 5;
const LONG_MS = 3000;

/** Does one act after the other on subjects of its own, and knows of each what was answered. */
export class Worker {
  subjects = [];
  touched = new Set();
  unexpected = [];
  #creations;
  #name;
  #made = 0;
  #pending;

  constructor(name, { creations, subjects = [] }) {
    this.#name = name;
    this.#creations = creations;
    this.subjects = subjects;
  }

  /** Acts until an answer does not come. */
  async work(tally) {
    this.touched.clear();
    for (;;) {
      const { subject, act } = this.#next();
      if (!act) continue;
      this.#pending = { subject, act };
      const answer = await act.send();
      if (answer.status === 0) return;
      this.#pending = undefined;
      if (subject) this.touched.add(subject);
      if (answer.status >= 300) {
        this.unexpected.push(`${act.kind} of ${subject?.name ?? 'something new'}: ${answer.status} ${answer.text.slice(0, 200)}`);
        continue;
      }
      tally.add(act.kind ?? 'token minted');
      this.#settle(subject, act, () => act.done(answer), answer.json);
    }
  }

  #next() {
    const alive = this.subjects.filter(({ isGone }) => !isGone);
    if (this.#creations.length > 0 && (alive.length === 0 || (alive.length < MAX_ALIVE && Math.random() < 0.2))) {
      return { act: this.#creation() };
    }
    const subject = oneOf(alive);
    return { subject, act: subject.choose() };
  }

  #creation() {
    const name = `${this.#name}-${++this.#made}`;
    // Sent again with the same key, it is the same creation.
    return oneOf(this.#creations)(name, { 'idempotency-key': randomUUID() });
  }

  #settle(subject, act, done, made) {
    if (!subject) {
      const one = act.made(made);
      this.subjects.push(one);
      this.touched.add(one);
      return;
    }
    done();
    if (act.kind) subject.history.push(act.kind);
  }

  /** Finds out what became of the act whose answer did not come. Gives `applied`, `lost` or undefined. */
  async resolve(events) {
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending) return undefined;
    const { subject, act } = pending;
    if (!subject) return this.#repeat(act);
    this.touched.add(subject);
    const happened = events.filter((event) => subject.owns(event)).length > subject.history.length;
    if (happened) this.#settle(subject, act, act.assume);
    return happened ? 'applied' : 'lost';
  }

  async #repeat(act) {
    const answer = await act.send();
    if (answer.status === 201) this.#settle(undefined, act, undefined, answer.json);
    else this.unexpected.push(`${act.kind}, once more: ${answer.status} ${answer.text.slice(0, 200)}`);
    return answer.headers['idempotency-replayed'] === 'true' ? 'applied' : 'lost';
  }
}

/** When a round ends, in milliseconds. Some are long enough to show what is not written in time. */
export const moment = (round) => between(50, 1500) + (round % LONG_EVERY === 0 ? LONG_MS : 0);
