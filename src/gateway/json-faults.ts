import { foldCase } from '../common/fold-case.js';

/** Deeper than any message of ours, and shallow enough for every recursive reader behind us. */
export const MAX_DEPTH = 64;

export type JsonFault = 'too deep' | 'repeated name' | 'name in other letters';

const enum Kind {
  Other,
  Batch,
  /** An array within arguments. */
  List,
  Message,
  Params,
  /** What a subscription is for. */
  Filter,
  Meta,
  /** The arguments, and every object within. */
  Arguments,
}

/** The names that the gateway decides by; other parsers of JSON take `Name` for `name` (Go's, Jackson's where it is set so). */
const READ_NAMES: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  [Kind.Message]: ['jsonrpc', 'id', 'method', 'params', 'result', 'error'],
  [Kind.Params]: ['name', 'uri', 'arguments', '_meta', 'ref', 'argument', 'taskId', 'task', 'notifications', 'cursor', 'requestId'],
  [Kind.Filter]: ['resourceSubscriptions', 'taskIds'],
};
const LONGEST_READ_NAME = 21;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Looks for what `JSON.parse` lets pass and the gateway does not: nesting beyond {@link MAX_DEPTH}; a member name that
 * stands twice in a message, its `params`, `params._meta`, `params.notifications` or anywhere in `params.arguments`; and a name of the protocol in other
 * letters (`Name`). Two parsers may pick different ones of the two, and the policy would check another tool, or other arguments,
 * than run (RFC 8259 §4). Expects valid JSON; takes linear time.
 */
export function findJsonFault(json: string): JsonFault | undefined {
  return new Scan(json).run();
}

/** Whether valid JSON nests deeper than some level: deeper than what recursive writers come to the end of. Takes linear time. */
export function isDeeperThan(json: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at + 1);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
  return false;
}

class Scan {
  private depth = 0;
  private readonly kinds: Kind[] = [Kind.Other];
  private readonly names: Names[] = [];
  private lastName = '';
  private expectsName = false;

  constructor(private readonly json: string) {}

  run(): JsonFault | undefined {
    const { json } = this;
    for (let at = 0; at < json.length; at++) {
      const code = json.charCodeAt(at);
      if (code === QUOTE) {
        const end = endOfString(json, at + 1);
        const fault = this.expectsName ? this.addName(json.slice(at + 1, end)) : undefined;
        if (fault) return fault;
        at = end;
      } else if (code === COMMA) this.expectsName = isTracked(this.kinds[this.depth]);
      else if (!this.followBracket(code)) return 'too deep';
    }
    return undefined;
  }

  private followBracket(code: number): boolean {
    switch (code) {
      case OPEN_BRACE:
        return this.open(this.kindOfObject());
      case OPEN_BRACKET:
        return this.open(this.kindOfArray());
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        this.depth--;
        this.expectsName = false;
        return true;
      default:
        return true;
    }
  }

  private open(kind: Kind): boolean {
    if (++this.depth > MAX_DEPTH) return false;
    this.kinds[this.depth] = kind;
    this.expectsName = isTracked(kind);
    if (this.expectsName) this.names[this.depth] = new Names();
    return true;
  }

  private kindOfObject(): Kind {
    const parent = this.kinds[this.depth];
    if (this.depth === 0 || parent === Kind.Batch) return Kind.Message;
    if (isWithinArguments(parent)) return Kind.Arguments;
    if (parent === Kind.Message && this.lastName === 'params') return Kind.Params;
    return parent === Kind.Params ? kindOfParam(this.lastName) : Kind.Other;
  }

  private kindOfArray(): Kind {
    if (this.depth === 0) return Kind.Batch;
    return isWithinArguments(this.kinds[this.depth]) ? Kind.List : Kind.Other;
  }

  private addName(raw: string): JsonFault | undefined {
    const name = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
    if (this.names[this.depth]?.add(name) === false) return 'repeated name';
    if (isMisspelt(name, READ_NAMES[this.kinds[this.depth] ?? Kind.Other])) return 'name in other letters';
    this.lastName = name;
    this.expectsName = false;
    return undefined;
  }
}

/** The names of an object, which are mostly few. */
class Names {
  private readonly few: string[] = [];
  private many: Set<string> | undefined;

  /** Whether the name is new. */
  add(name: string): boolean {
    if (this.many) {
      const before = this.many.size;
      return this.many.add(name).size > before;
    }
    if (this.few.includes(name)) return false;
    this.few.push(name);
    if (this.few.length > FEW_NAMES) this.many = new Set(this.few);
    return true;
  }
}

const FEW_NAMES = 8;

function isMisspelt(name: string, read: readonly string[] | undefined): boolean {
  if (!read || name.length > LONGEST_READ_NAME || read.includes(name)) return false;
  const folded = foldCase(name);
  return read.some((known) => foldCase(known) === folded);
}

const isWithinArguments = (kind: Kind | undefined): boolean => kind === Kind.Arguments || kind === Kind.List;

function kindOfParam(name: string): Kind {
  if (name === '_meta') return Kind.Meta;
  if (name === 'notifications') return Kind.Filter;
  return name === 'arguments' ? Kind.Arguments : Kind.Other;
}

const isTracked = (kind: Kind | undefined): boolean => kind !== undefined && kind >= Kind.Message;

/** Position of the quote that ends the string whose text begins at `start`. */
export function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start);
  while (end !== -1 && isEscaped(json, end, start)) end = json.indexOf('"', end + 1);
  return end === -1 ? json.length : end;
}

function isEscaped(json: string, quote: number, start: number): boolean {
  let first = quote;
  while (first > start && json.charCodeAt(first - 1) === BACKSLASH) first--;
  return (quote - first) % 2 === 1;
}
