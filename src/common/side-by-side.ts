/** Of more than these, those behind have to wait for the next turn: nobody's answer waits for a crowd. */
const TOGETHER = 64;

/** Goes on with one of those that came in the same turn. */
export type GoOn = () => void;

/**
 * Lets what the event loop has read in one turn go on side by side: each step is run for all of them before the next. One after the
 * other from end to end, each would find the processor's caches full of the last steps of the one before. Under load that is nearly
 * half of what a token costs; who comes alone waits for a few microseconds.
 */
export function sideBySide(): (goOn: GoOn) => void {
  let waiting: GoOn[] = [];
  const run = () => {
    const together = waiting.slice(0, TOGETHER);
    waiting = waiting.slice(TOGETHER);
    if (waiting.length > 0) setImmediate(run);
    for (const goOn of together) goOn();
  };
  return (goOn) => {
    if (waiting.push(goOn) === 1) setImmediate(run);
  };
}
