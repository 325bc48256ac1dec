const KEPT = 64;

/** The newest few of something. */
export class Ring {
  items = [];

  add(item) {
    this.items.push(item);
    if (this.items.length > KEPT) this.items.shift();
  }
}
