import type { UsageHour } from './usage-hour.entity.js';
import type { Use } from './use-of-event.js';

export const HOUR_MS = 3_600_000;
/** Stands for the tools of a caller beyond {@link TOOLS_PER_CALLER} in an hour: names are the caller's choice. */
export const OTHER_TOOLS = '…';

const TOOLS_PER_CALLER = 200;
/** Counters that wait for the database. */
const CAPACITY = 50_000;

/** Counts uses by hour until they are taken to be written. Bounded, whatever callers call their tools. */
export class HourlyCounts {
  private counts = new Map<string, UsageHour>();
  private tools = new Map<string, Set<string>>();
  private toolsHour = 0;
  private lost = 0;

  constructor(private readonly capacity = CAPACITY) {}

  add(use: Use, at: number): void {
    const hour = at - (at % HOUR_MS);
    this.put({ ...use, tool: this.boundTool(use, hour), hour, count: 1 });
  }

  /** What was counted since the last time, in the order of the table's key, so that two writers lock in the same order. */
  take(): UsageHour[] {
    const rows = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    this.counts = new Map();
    return rows;
  }

  /** Gives back what could not be written. */
  giveBack(rows: readonly UsageHour[]): void {
    for (const row of rows) this.put(row);
  }

  /** How many uses found no room since the last time. */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  /** Counters that wait to be taken. */
  get size(): number {
    return this.counts.size;
  }

  private put(row: UsageHour): void {
    const key = [row.hour, row.kind, row.credentialId, row.server, row.tool, row.outcome].join('\n');
    const known = this.counts.get(key);
    if (known) known.count += row.count;
    else if (this.counts.size < this.capacity) this.counts.set(key, row);
    else this.lost += row.count;
  }

  private boundTool({ credentialId, server, tool }: Use, hour: number): string {
    if (tool === '') return tool;
    if (hour !== this.toolsHour) {
      this.tools = new Map();
      this.toolsHour = hour;
    }
    const caller = `${credentialId}\n${server}`;
    const tools = this.tools.get(caller) ?? new Set<string>();
    this.tools.set(caller, tools);
    if (tools.has(tool)) return tool;
    if (tools.size >= TOOLS_PER_CALLER) return OTHER_TOOLS;
    tools.add(tool);
    return tool;
  }
}
