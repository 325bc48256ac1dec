import { nameOf } from '../report.mjs';

/** What `docs/chaos.md` promises: events of use are written within a second. */
const OLD_MS = 1000;

/** Mints and calls without a pause, and remembers when each token was answered. */
export class User {
  #client;
  #credential;
  minted = [];

  constructor(client, credential) {
    this.#client = client;
    this.#credential = credential;
  }

  static async create(client, label) {
    return new User(client, (await client.admin('POST', '/credentials', { label })).json);
  }

  async work(tally) {
    for (;;) {
      const answer = await this.#client.mint(this.#credential);
      if (answer.status === 0) return;
      tally.add(`token ${nameOf(answer)}`);
      if (answer.status !== 200) continue;
      this.minted.push({ jti: jtiOf(answer.json.access_token), at: performance.now() });
      const { status } = await this.#client.call(answer.json.access_token);
      if (status === 0) return;
      tally.add(`call ${status}`);
    }
  }

  /** Tokens of this round without their event; `old` are those answered more than a second before the end. */
  missing(events, endedAt) {
    const known = new Set(events.filter(({ kind }) => kind === 'token.issued').map(({ detail }) => detail.jti));
    const missing = this.minted.filter(({ jti }) => !known.has(jti));
    const counts = { all: this.minted.length, missing: missing.length, old: missing.filter(({ at }) => endedAt - at > OLD_MS).length };
    this.minted = [];
    return counts;
  }
}

function jtiOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).jti;
}
