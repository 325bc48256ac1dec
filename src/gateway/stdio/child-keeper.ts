import type { Clock } from '../../common/clock.js';
import type { StdioCommand } from '../../config/stdio-commands.js';
import type { Era } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { Child } from './child.js';
import { ChildConnection, failed } from './child-connection.js';
import type { ChildLog } from './child-log.js';
import { shakeHands, type Spoken } from './handshake.js';
import type { ProcessGuard } from './process-guard.js';

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
/** A child that lived this long has not failed at its start. */
const HEALTHY_MS = 30_000;

/** A child that has said what it speaks. */
export interface ReadyChild {
  readonly connection: ChildConnection;
  readonly spoken: Spoken;
}

export interface ChildKeeperParts {
  readonly command: StdioCommand;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: ChildLog;
  readonly guard: ProcessGuard;
  readonly clock: Clock;
  /** Makes room for one more child. @throws {McpError} 503 where there is none. */
  takePlace(keeper: ChildKeeper): void;
  leavePlace(keeper: ChildKeeper): void;
  /** The keeper is closed for good. */
  retire(keeper: ChildKeeper): void;
}

/** The one child of a server: started when it is needed, stopped when it is not, started anew with growing pauses when it fails. */
export class ChildKeeper {
  private child: Child | undefined;
  private ready: Promise<ReadyChild> | undefined;
  private connection: ChildConnection | undefined;
  private learnedEra: Era | undefined;
  private failures = 0;
  private startedAt = 0;
  private mayStartAt = 0;
  private usedAt = 0;
  private isStarting = false;
  private isClosed = false;

  constructor(private readonly parts: ChildKeeperParts) {}

  /** The running child, or a new one. @throws {McpError} 502, 503 or 504 where there is none to be had. */
  get(): Promise<ReadyChild> {
    this.usedAt = this.parts.clock();
    return (this.ready ??= this.start());
  }

  /** Whether it failed again and is not started yet. */
  get isPausing(): boolean {
    return this.parts.clock() < this.mayStartAt;
  }

  /** Milliseconds without a request; undefined where it has some, or does not run. */
  get idleMs(): number | undefined {
    if (!this.connection || this.connection.requests > 0) return undefined;
    return this.parts.clock() - this.usedAt;
  }

  /** Stops a child that nobody has used for as long as its command says. */
  stopIdle(): void {
    const { idleMs } = this;
    if (idleMs === undefined) this.usedAt = this.parts.clock();
    else if (idleMs >= this.parts.command.idleSeconds * 1000) void this.stop('nobody used it');
  }

  async stop(why: string): Promise<void> {
    const { child, connection } = this;
    if (!child) return;
    this.forget(child);
    this.parts.log.say('gatehouse', `stopped: ${why}`);
    connection?.close(why);
    await child.stop();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.parts.retire(this);
    await this.stop('the server has changed or Gatehouse ends');
  }

  private async start(): Promise<ReadyChild> {
    this.isStarting = true;
    try {
      const ready = await this.tryStart();
      if (!ready.connection.isOpen) throw failed(502, 'The child ended at its start');
      return ready;
    } catch (error) {
      this.ready = undefined;
      // One that ended by itself has been counted.
      if (this.child) this.countFailure();
      await this.stop('it did not start');
      throw error;
    } finally {
      this.isStarting = false;
    }
  }

  private async tryStart(): Promise<ReadyChild> {
    const { command } = this.parts;
    const era = command.era === 'auto' ? (this.learnedEra ?? 'auto') : command.era;
    this.requireLeave();
    const connection = this.spawn();
    try {
      const spoken = await shakeHands(connection, command, era);
      this.learnedEra = spoken.era;
      return { connection, spoken };
    } catch (error) {
      // What was learned may be out of date.
      this.learnedEra = undefined;
      if (era !== 'auto' || connection.isOpen || this.isClosed) throw error;
    }
    // A child of the legacy era may end at a first message that it does not know.
    const second = this.spawn();
    const spoken = await shakeHands(second, command, 'legacy');
    this.learnedEra = 'legacy';
    return { connection: second, spoken };
  }

  private spawn(): ChildConnection {
    const { command, args, env, log, guard, clock } = this.parts;
    this.parts.takePlace(this);
    this.startedAt = clock();
    const events = {
      onLine: (line: string) => connection.receive(line),
      onTooLong: (head: string, tail: string) => connection.receiveTooLong(head, tail),
      onEnd: (why: string) => this.fail(child, connection, why),
    };
    const program = { program: command.program, args: [...command.args, ...args], cwd: command.cwd, env: { ...command.env, ...env } };
    const child: Child = new Child(program, events, log, guard);
    const connection = new ChildConnection(child, command.maxConcurrent, (source, text) => log.say(source, text));
    this.child = child;
    this.connection = connection;
    return connection;
  }

  private requireLeave(): void {
    if (this.isClosed) throw failed(502, 'The server of this child has changed or ended');
    const waitMs = this.mayStartAt - this.parts.clock();
    if (waitMs <= 0) return;
    throw new McpError(503, MCP_CODE.internalError, 'The upstream has failed and is started again soon.', {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
      detail: `The child failed ${this.failures} times in a row`,
    });
  }

  /** The child has ended by itself. The first time the next call starts it at once, then with growing pauses. */
  private fail(child: Child, connection: ChildConnection, why: string): void {
    connection.close(why);
    if (this.child !== child) return;
    this.forget(child);
    this.countFailure();
    this.parts.log.say('gatehouse', `${why}; failed ${this.failures} times in a row`);
  }

  private countFailure(): void {
    const now = this.parts.clock();
    this.failures = now - this.startedAt >= HEALTHY_MS ? 1 : this.failures + 1;
    const delayMs = this.failures === 1 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.failures - 2));
    this.mayStartAt = now + delayMs;
  }

  private forget(child: Child): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.connection = undefined;
    if (!this.isStarting) this.ready = undefined;
    this.parts.leavePlace(this);
  }
}
