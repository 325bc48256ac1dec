import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { BackgroundTask } from '../../common/background-task.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { CONFIG, type Config } from '../../config/config.js';
import { ALWAYS_INHERITED } from '../../config/stdio-commands.js';
import type { McpUpstream } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { ServerState } from '../../servers/server-state.js';
import { stdioFaults } from '../../servers/stdio-settings.js';
import type { StdioUpstreamSettings } from '../../servers/upstream.js';
import { TRACING, type Tracing } from '../../tracing/tracing.js';
import { ParamChecked } from '../param-checked.js';
import { ChildKeeper } from './child-keeper.js';
import { ChildLog } from './child-log.js';
import { ProcessGuard } from './process-guard.js';
import { type BridgeToLegacy, StdioUpstream } from './stdio-upstream.js';

const SWEEP_MS = 1000;
const DEFAULT_TIMEOUT_SECONDS = 60;

/** The children of this process: how many there may be, and that none outlives it. */
@Injectable()
export class StdioServers implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Stdio');
  private readonly keepers = new Set<ChildKeeper>();
  /** Those that run. */
  private readonly running = new Set<ChildKeeper>();
  private readonly guard = new ProcessGuard((error) => this.logger.warn(`Children would outlive a killed process: ${error.message}`));
  private readonly sweeper = new BackgroundTask(() => Promise.resolve(this.stopIdle()), SWEEP_MS);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TRACING) private readonly tracing: Tracing | undefined,
  ) {}

  /** Children that run. */
  get children(): number {
    return this.running.size;
  }

  onModuleInit(): void {
    this.sweeper.start();
  }

  /** @throws {McpError} 502 where the server names what `STDIO_COMMANDS_FILE` does not allow (any more). */
  open(server: ServerState, settings: StdioUpstreamSettings, bridge: BridgeToLegacy): McpUpstream {
    const keeper = this.keep(server, settings);
    const timeoutMs = (server.limits.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
    return new ParamChecked(new StdioUpstream({ keeper, bridge, timeoutMs, clock: this.clock, tracing: this.tracing }), server.resource);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sweeper.stop();
    await Promise.all([...this.keepers].map((keeper) => keeper.close()));
    this.guard.close();
  }

  private keep(server: ServerState, settings: StdioUpstreamSettings): ChildKeeper {
    const { commands } = this.config.stdio;
    const secrets = server.openSecrets().env ?? {};
    const [fault] = stdioFaults(settings, commands, secrets);
    const command = commands[settings.command];
    if (fault !== undefined || !command) {
      throw new McpError(502, MCP_CODE.internalError, 'The upstream cannot be started.', { detail: `${server.slug}: ${fault ?? ''}` });
    }
    const names = settings.env ?? [];
    const env = Object.fromEntries(Object.entries(secrets).filter(([name]) => names.includes(name)));
    const log = new ChildLog((line) => this.logger.log(`${server.slug}: ${line}`), secretsOf({ ...command.env, ...env }), this.clock);
    const keeper = new ChildKeeper({
      command,
      args: settings.args ?? [],
      env,
      log,
      guard: this.guard,
      clock: this.clock,
      takePlace: (taker) => this.takePlace(taker),
      leavePlace: (leaver) => void this.running.delete(leaver),
      retire: (closed) => void this.keepers.delete(closed),
    });
    this.keepers.add(keeper);
    return keeper;
  }

  private takePlace(keeper: ChildKeeper): void {
    if (this.running.size >= this.config.stdio.maxChildren) this.makeRoom();
    this.running.add(keeper);
  }

  /** The child that was idle longest gives way. */
  private makeRoom(): void {
    const [idle] = [...this.running].filter(({ idleMs }) => idleMs !== undefined).sort((a, b) => (b.idleMs ?? 0) - (a.idleMs ?? 0));
    if (idle) return void idle.stop('another server needs its place');
    throw new McpError(503, MCP_CODE.internalError, 'The upstream has too much to do.', {
      headers: { 'retry-after': '5' },
      detail: `All of the ${this.config.stdio.maxChildren} children (STDIO_MAX_CHILDREN) have something to do`,
    });
  }

  private stopIdle(): void {
    for (const keeper of this.running) keeper.stopIdle();
  }
}

/** All of a child's environment that may be a secret. */
const secretsOf = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).flatMap(([name, value]) => (ALWAYS_INHERITED.includes(name) ? [] : [value]));
