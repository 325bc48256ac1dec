import { matchesPieces } from '../common/wildcard.js';
import type { Operation } from '../protocol/exchange.js';
import { compileConditions, type FindConditionFault, includesConditions } from './conditions.js';
import { leadsOut } from './leads-out.js';
import { type ConditionalPermission, type Permission, patternOf } from './permission.js';

interface Pattern {
  readonly permission: Permission;
  readonly method: string;
  /** The texts between the asterisks; undefined for any target at all. */
  readonly pieces: readonly string[] | undefined;
  /** What its conditions have against arguments; undefined where it has none. */
  readonly findFault: FindConditionFault | undefined;
}

/** A permission that would cover an operation, were its arguments others. */
export interface UnmetCondition {
  readonly permission: Permission;
  /** Which condition, in words that hold no value of an argument. */
  readonly reason: string;
}

/** A scope's permission patterns, ready to be asked: `tools/call:search_*`, `resources/read:docs://*`, `tools/list`, `*`. */
export class Permissions {
  private readonly allowsAll: boolean;
  private readonly patterns: readonly Pattern[];

  constructor(permissions: readonly Permission[]) {
    this.allowsAll = permissions.includes('*');
    this.patterns = permissions.filter((permission) => permission !== '*').map(parsePattern);
  }

  /** Whether there is anything that they allow. */
  get isEmpty(): boolean {
    return !this.allowsAll && this.patterns.length === 0;
  }

  /**
   * Whether they allow all that another permission allows. An asterisk in it is met by an asterisk here only, its arguments by
   * a permission that asks nothing of them or the same.
   */
  include(permission: Permission): boolean {
    return this.includeAll(new Permissions([permission]));
  }

  /** Whether they allow all that others allow, each of these for itself. */
  includeAll(others: Permissions): boolean {
    if (this.allowsAll) return true;
    if (others.allowsAll) return false;
    return others.patterns.every((narrow) =>
      this.patterns.some((broad) => includesTargets(broad, narrow) && includesArguments(broad.permission, narrow.permission)),
    );
  }

  cover(operation: Operation): boolean {
    return this.allowsAll || this.patterns.some((pattern) => covers(pattern, operation));
  }

  /** The first permission that covers an operation. */
  find(operation: Operation): Permission | undefined {
    return this.allowsAll ? '*' : this.patterns.find((pattern) => covers(pattern, operation))?.permission;
  }

  /** The permissions that fail by their conditions alone. */
  findUnmet(operation: Operation): readonly UnmetCondition[] {
    return this.patterns.flatMap((pattern) => {
      const reason = matches(pattern, operation) ? findArgumentFault(pattern, operation) : undefined;
      return reason === undefined ? [] : [{ permission: pattern.permission, reason }];
    });
  }
}

// The target begins after the first colon: targets such as docs://a hold colons of their own.
function parsePattern(permission: Permission): Pattern {
  const pattern = patternOf(permission);
  const colon = pattern.indexOf(':');
  const findFault = typeof permission === 'string' ? undefined : compileConditions(permission);
  if (colon === -1) return { permission, method: pattern, pieces: undefined, findFault };
  return { permission, method: pattern.slice(0, colon), pieces: pattern.slice(colon + 1).split('*'), findFault };
}

const covers = (pattern: Pattern, operation: Operation): boolean =>
  matches(pattern, operation) && (!pattern.findFault || findArgumentFault(pattern, operation) === undefined);

function matches({ method, pieces }: Pattern, operation: Operation): boolean {
  if (method !== operation.method) return false;
  if (!pieces) return true;
  const { target } = operation;
  return target !== undefined && matchesPieces(pieces, target) && !(method === 'resources/read' && climbs(pieces, target));
}

/** The URI of a resource is a path to many servers: what an asterisk stands for must stay below what stands before it. */
function climbs([beginning = '', ...others]: readonly string[], uri: string): boolean {
  return others.length > 0 && beginning !== '' && leadsOut(beginning, uri.slice(beginning.length));
}

/** A question without arguments is whether there are some that will do. */
function findArgumentFault({ findFault }: Pattern, operation: Operation): string | undefined {
  return operation.arguments === undefined ? undefined : findFault?.(operation.arguments);
}

function includesTargets(broad: Pattern, narrow: Pattern): boolean {
  if (broad.method !== narrow.method || !narrow.pieces) return broad.method === narrow.method && !broad.pieces;
  return matches(broad, { method: narrow.method, target: narrow.pieces.join('*') });
}

function includesArguments(broad: Permission, narrow: Permission): boolean {
  if (typeof broad === 'string' || !hasConditions(broad)) return true;
  return typeof narrow !== 'string' && includesConditions(broad, narrow);
}

const hasConditions = (permission: ConditionalPermission): boolean =>
  permission.schema !== undefined || Object.keys(permission.arguments ?? {}).length > 0;
