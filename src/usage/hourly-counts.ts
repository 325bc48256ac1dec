import type { UsageHour } from './usage-hour.entity.js';
import type { Use } from './use-of-event.js';

export const HOUR_MS = 3_600_000;
/** Stands for the tools of a caller beyond {@link TOOLS_PER_CALLER} in an hour: names are the caller's choice. */
export const OTHER_TOOLS = '…';

const TOOLS_PER_CALLER = 200;
/** Counters that wait for the database. */
const CAPACITY = 50_000;

/** By credential, server and tool. One key made of them all would cost a call more than all its limits do. */
type ByUse<T> = Map<string, Map<string, Map<string, T>>>;

/** Counts uses by hour until they are taken to be written. Bounded, whatever callers call their tools. */
export class HourlyCounts {
  /** Of each use the hours, kinds and outcomes that there were: mostly one. */
  private counts: ByUse<UsageHour[]> = new Map();
  private held = 0;
  private tools = new Map<string, Map<string, Set<string>>>();
  private toolsHour = 0;
  private lost = 0;

  constructor(private readonly capacity = CAPACITY) {}

  add(use: Use, at: number): void {
    const hour = at - (at % HOUR_MS);
    const tool = this.boundTool(use, hour);
    const known = this.find(use, tool, hour);
    if (known) known.count++;
    else this.insert({ hour, count: 1, ...use, tool });
  }

  /** What was counted since the last time, in the order of the table's key, so that two writers lock in the same order. */
  take(): UsageHour[] {
    const rows = [...this.counts.values()].flatMap((servers) => [...servers.values()].flatMap((tools) => [...tools.values()].flat()));
    this.counts = new Map();
    this.held = 0;
    return rows
      .map((row) => ({ row, key: keyOf(row) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ row }) => row);
  }

  /** Gives back what could not be written. */
  giveBack(rows: readonly UsageHour[]): void {
    for (const row of rows) {
      const known = this.find(row, row.tool, row.hour);
      if (known) known.count += row.count;
      else this.insert(row);
    }
  }

  /** How many uses found no room since the last time. */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  /** Counters that wait to be taken. */
  get size(): number {
    return this.held;
  }

  private find({ credentialId, server, kind, outcome }: Use, tool: string, hour: number): UsageHour | undefined {
    const rows = this.counts.get(credentialId)?.get(server)?.get(tool);
    return rows?.find((row) => row.outcome === outcome && row.hour === hour && row.kind === kind);
  }

  private insert(row: UsageHour): void {
    if (this.held >= this.capacity) {
      this.lost += row.count;
      return;
    }
    this.held++;
    const tools = inner(inner(this.counts, row.credentialId), row.server);
    const rows = tools.get(row.tool);
    if (rows) rows.push(row);
    else tools.set(row.tool, [row]);
  }

  private boundTool({ credentialId, server, tool }: Use, hour: number): string {
    if (tool === '') return tool;
    if (hour !== this.toolsHour) {
      this.tools = new Map();
      this.toolsHour = hour;
    }
    const tools = this.tools.get(credentialId)?.get(server);
    if (tools?.has(tool)) return tool;
    if (tools && tools.size >= TOOLS_PER_CALLER) return OTHER_TOOLS;
    if (tools) tools.add(tool);
    else inner(this.tools, credentialId).set(server, new Set([tool]));
    return tool;
  }
}

const keyOf = ({ hour, kind, credentialId, server, tool, outcome }: UsageHour): string =>
  [hour, kind, credentialId, server, tool, outcome].join('\n');

/** The map under a key, made where there is none. */
function inner<K, V>(outer: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const known = outer.get(key);
  if (known) return known;
  const made = new Map<K, V>();
  outer.set(key, made);
  return made;
}
