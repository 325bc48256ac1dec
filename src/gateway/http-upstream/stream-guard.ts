import { type JsonRpcId, MCP_CODE } from '../../protocol/mcp-error.js';
import { EventCutter, parseEvent, splitEvents } from './event-cutter.js';
import { kindsOf, type MessageKind } from './message-kind.js';

/** What may come in an event stream, and who wants to know of it. */
export interface StreamRules {
  /** The requests that it answers; undefined where it repeats earlier messages, whatever they answer. */
  readonly expected: readonly JsonRpcId[] | undefined;
  /** Told of the server's own requests; undefined where none may come (R-MOD-14). */
  readonly onRequest: ((id: JsonRpcId) => void) | undefined;
  /** Told of the ids of events, by which a client resumes. */
  readonly onEventId?: (id: string) => void;
}

/** Events beyond this pass without being looked at. */
const MAX_HELD = 1024 * 1024;
const ID_MEMBER = Buffer.from('"id"');
const ESCAPE = Buffer.from('\\u');
const ID_LINE = 'id';
const ID_LINES = [Buffer.from('\nid'), Buffer.from('\rid')];

/**
 * Looks at an event stream on its way: lets events pass as they are, ends it after the last answer, and breaks it off where the
 * upstream sends what may not come: a request in the modern era, an answer to something else, what is no message (R-MOD-14, R-LEG-13).
 */
export class StreamGuard {
  private readonly cutter = new EventCutter(MAX_HELD);
  private readonly open: Set<JsonRpcId> | undefined;
  private readonly isAnswering: boolean;
  private isResumable = false;
  private isUncertain = false;
  private over = false;
  private foundFault: string | undefined;

  constructor(private readonly rules: StreamRules) {
    this.open = rules.expected && new Set(rules.expected);
    this.isAnswering = rules.expected !== undefined && rules.expected.length > 0;
  }

  /** Nothing may follow: all is answered, or the upstream has broken the rules. */
  get isOver(): boolean {
    return this.over;
  }

  /** What the upstream did wrong. */
  get fault(): string | undefined {
    return this.foundFault;
  }

  /** What of a chunk goes on now. */
  feed(chunk: Buffer): Buffer | undefined {
    if (this.cutter.isWhole(chunk) && this.isHarmless(chunk)) return chunk;
    const passed: Buffer[] = [];
    for (const { bytes, isWhole } of this.cutter.push(chunk)) {
      if (this.over) break;
      if (isWhole) this.inspect(bytes, passed);
      else {
        this.isUncertain = true;
        passed.push(bytes);
      }
    }
    return passed.length > 1 ? Buffer.concat(passed) : passed[0];
  }

  /**
   * What is to be said where the stream ends with requests unanswered. Nothing where the client can ask for the rest itself:
   * then the upstream may end a stream early.
   */
  ending(): Buffer | undefined {
    this.over = true;
    if (!this.isAnswering || this.isUncertain || (this.isResumable && this.foundFault === undefined)) return undefined;
    const errors = [...(this.open ?? [])].map((id) => `event: message\ndata: ${JSON.stringify(failureOf(id))}\n\n`);
    return errors.length > 0 ? Buffer.from(errors.join('')) : undefined;
  }

  /** Whether a client could resume the stream from here, so that its end must look like a break. */
  get mayBeResumed(): boolean {
    return this.isResumable;
  }

  private inspect(bytes: Buffer, passed: Buffer[]): void {
    if (this.isHarmless(bytes)) {
      passed.push(bytes);
      return;
    }
    for (const event of splitEvents(bytes)) {
      this.foundFault = this.check(event);
      if (this.foundFault !== undefined) {
        const last = this.ending();
        if (last) passed.push(last);
        return;
      }
      passed.push(event);
      if (this.isAnswering && this.open?.size === 0) {
        this.over = true;
        return;
      }
    }
  }

  /** Notifications and comments: what has no member `id` is neither request nor answer. */
  private isHarmless(bytes: Buffer): boolean {
    if (bytes.includes(ID_MEMBER) || bytes.includes(ESCAPE)) return false;
    return !this.rules.onEventId || !hasIdLine(bytes);
  }

  private check(event: Buffer): string | undefined {
    const { id, data } = parseEvent(event.toString('utf8'));
    if (id !== undefined && id !== '' && this.rules.onEventId) {
      this.isResumable = true;
      this.rules.onEventId(id);
    }
    // Without data an event means nothing to a reader, with an empty text it primes a client for resumption.
    if (data === undefined || data === '') return undefined;
    const kinds = kindsOf(data);
    if (!kinds) return 'An event is no JSON-RPC message';
    for (const kind of kinds) {
      const fault = this.judge(kind);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  private judge(message: MessageKind): string | undefined {
    switch (message.kind) {
      case 'notification':
        return undefined;
      case 'request':
        if (!this.rules.onRequest) return 'A JSON-RPC request came in an answer';
        this.rules.onRequest(message.id);
        return undefined;
      case 'response':
        if (!this.open) return undefined;
        if (message.id !== undefined && this.open.delete(message.id)) return undefined;
        return 'A response came to a request that was not made or is answered';
    }
  }
}

const hasIdLine = (bytes: Buffer): boolean =>
  ID_LINES.some((line) => bytes.includes(line)) || bytes.subarray(0, ID_LINE.length + BOM_BYTES).includes(ID_LINE);

const BOM_BYTES = 3;

/** What a client is told that waits for an answer which will not come. */
const failureOf = (id: JsonRpcId): unknown => ({
  jsonrpc: '2.0',
  id,
  error: { code: MCP_CODE.internalError, message: 'The upstream gave no valid answer.' },
});
