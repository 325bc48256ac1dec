import type { TranslatedCall } from './translated-call.js';

const WAIT_MS = 5 * 60_000;
const LIMITS = { total: 1000, perOwner: 20 };

/** Calls that wait for what their client was asked: bounded in number and time, and in the memory of this replica. */
export class WaitingCalls {
  private readonly calls = new Map<string, { readonly call: TranslatedCall; readonly timer: NodeJS.Timeout }>();

  /** How long an answer is waited for, in milliseconds. */
  readonly waitMs = WAIT_MS;

  get size(): number {
    return this.calls.size;
  }

  hasRoom(owner: string): boolean {
    if (this.calls.size >= LIMITS.total) return false;
    return [...this.calls.values()].filter(({ call }) => call.owner === owner).length < LIMITS.perOwner;
  }

  add(call: TranslatedCall): void {
    const timer = setTimeout(() => this.abandon(call), WAIT_MS);
    timer.unref();
    this.calls.set(call.id, { call, timer });
  }

  /** The call that waits under this id, which waits no more. */
  take(id: string): TranslatedCall | undefined {
    const waiting = this.calls.get(id);
    clearTimeout(waiting?.timer);
    this.calls.delete(id);
    return waiting?.call;
  }

  endOf(owner: string): void {
    for (const { call } of [...this.calls.values()]) if (call.owner === owner) this.abandon(call);
  }

  endAll(): void {
    for (const { call } of [...this.calls.values()]) this.abandon(call);
  }

  private abandon(call: TranslatedCall): void {
    this.take(call.id);
    call.abandon();
  }
}
