/** Runs `work` again and again, `interval` milliseconds after it last ended, until {@link stop}. */
export class BackgroundTask {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = true;
  private wanted = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly interval: number | (() => number),
  ) {}

  start(): void {
    this.stopped = false;
    this.schedule();
  }

  /** Runs now instead of waiting for the interval; a request made during a run causes one more run after it. */
  wake(): void {
    if (this.stopped) return;
    if (this.running) {
      this.wanted = true;
      return;
    }
    clearTimeout(this.timer);
    this.run();
  }

  /** Waits for a run under way, and starts no other. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(): void {
    this.timer = setTimeout(() => this.run(), typeof this.interval === 'number' ? this.interval : this.interval());
    this.timer.unref();
  }

  private run(): void {
    this.running = this.work().finally(() => {
      this.running = undefined;
      if (this.stopped) return;
      if (this.wanted) {
        this.wanted = false;
        this.run();
      } else this.schedule();
    });
  }
}
