/**
 * A stream of choices that is the same for the same seed and index (splitmix32): any request of a run can be made again without those
 * before it. Not for secrets.
 */
export class Random {
  /** @param {number} seed @param {number} index */
  constructor(seed, index) {
    this.state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
  }

  /** 32 bits. */
  next() {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** A whole number from 0 to `limit - 1`. */
  int(limit) {
    return this.next() % limit;
  }

  /** True in so many of a hundred cases. */
  chance(percent) {
    return this.next() % 10_000 < percent * 100;
  }

  pick(list) {
    return list[this.int(list.length)];
  }

  /** Of pairs of a weight and a value. */
  weighted(pairs) {
    let rest = this.int(pairs.reduce((sum, [weight]) => sum + weight, 0));
    return pairs.find(([weight]) => (rest -= weight) < 0)[1];
  }

  text(length, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[this.int(alphabet.length)];
    return text;
  }

  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.int(256)));
  }

  shuffle(list) {
    const shuffled = [...list];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    return shuffled;
  }
}
