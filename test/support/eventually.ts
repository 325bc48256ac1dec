/** Repeats a check until it holds; its last failure where it does not within `deadlineMs`. */
export async function eventually(check: () => Promise<void> | void, deadlineMs = 10_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits for a process to be gone; how long does not matter where the machine is busy. */
export const hasEnded = (pid: unknown): Promise<void> =>
  eventually(() => {
    if (isAlive(pid as number)) throw new Error(`Process ${String(pid)} has not ended`);
  }, 60_000);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
