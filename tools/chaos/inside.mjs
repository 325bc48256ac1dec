// Loaded into Gatehouse before anything else. Lets the tool read memory after the garbage is collected, and set the clock forwards and back.
const RealDate = Date;
let offset = 0;

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...args);
  }
  static now() {
    return RealDate.now() + offset;
  }
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Collects until nothing more goes: finalizers free what only the next collection finds. */
async function settle() {
  let before = Infinity;
  for (let i = 0; i < 20; i++) {
    globalThis.gc?.();
    await pause(250);
    globalThis.gc?.();
    const { heapUsed } = process.memoryUsage();
    if (heapUsed > before * 0.998) break;
    before = heapUsed;
  }
}

const ANSWERS = {
  memory: async () => {
    await settle();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { held: heapUsed + external, rss };
  },
  peak: () => process.memoryUsage.rss(),
  shiftClock: (ms) => (offset = ms),
  rejections: () => rejections,
};

let rejections = 0;
process.on('unhandledRejection', (error) => {
  rejections++;
  process.stderr.write(`chaos: unhandled rejection: ${error?.stack ?? error}\n`);
});

process.on('message', async ({ id, what, value }) => process.send?.({ id, answer: await ANSWERS[what](value) }));
process.channel?.unref();
