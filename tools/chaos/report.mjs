const MIB = 1024 * 1024;

/** What a scenario has to say: what clients saw, which promises held, what was held in memory. */
export class Report {
  broken = [];
  kept = 0;
  skipped = [];
  #name = '';

  begin(name, about) {
    this.#name = name;
    console.log(`\n${name}: ${about}`);
  }

  note(text) {
    console.log(`  ${text}`);
  }

  /** `tally` holds how often what was seen. */
  saw(who, tally) {
    const parts = Object.entries(tally).map(([what, times]) => `${what} × ${times}`);
    console.log(`  ${who} saw: ${parts.join(', ') || 'nothing'}`);
  }

  promise(text, holds, detail = '') {
    if (holds) this.kept++;
    else this.broken.push(`${this.#name}: ${text}`);
    console.log(`  ${holds ? 'kept  ' : 'BROKEN'} ${text}${!holds && detail !== '' ? `\n         ${String(detail).slice(0, 2000)}` : ''}`);
  }

  /** Bytes held and resident before and after, within `share` of what was held before. */
  memory(before, after, share = 0.05) {
    const [held, rss] = ['held', 'rss'].map((what) => `${toMib(before[what])} → ${toMib(after[what])} MiB`);
    this.note(`memory: held ${held}, resident ${rss}`);
    const growth = after.held / before.held - 1;
    this.promise(`memory is back within ${100 * share} % (${(100 * growth).toFixed(1)} %)`, growth <= share);
  }

  skip(reason) {
    this.skipped.push(this.#name);
    console.log(`  SKIPPED: ${reason}`);
  }

  summary(seconds) {
    const skipped = this.skipped.length > 0 ? `, skipped: ${this.skipped.join(', ')}` : '';
    const broken = this.broken.map((text) => `\n  ${text}`).join('');
    return `${this.kept} promises kept, ${this.broken.length} broken${skipped} (${seconds.toFixed(0)} s)${broken && `:${broken}`}`;
  }
}

export const toMib = (bytes) => (bytes / MIB).toFixed(1);

/** Counts what is seen, by name. */
export class Tally {
  #seen = {};

  add(what, times = 1) {
    this.#seen[what] = (this.#seen[what] ?? 0) + times;
  }

  of(what) {
    return this.#seen[what] ?? 0;
  }

  /** Names in the order of how often. */
  toJSON() {
    return Object.fromEntries(Object.entries(this.#seen).sort(([, a], [, b]) => b - a));
  }

  get all() {
    return this.toJSON();
  }
}

/** How an answer is counted: its status, the reason where there is one, and whether it says when to come again. */
export function nameOf({ status, code, headers, json }) {
  if (status === 0) return `no answer (${code})`;
  const retry = headers['retry-after'] ? ' with Retry-After' : '';
  const reason = typeof json.error === 'string' ? json.error : (json.code ?? json.error?.message);
  return `${status}${reason ? ` ${reason}` : ''}${retry}`;
}
