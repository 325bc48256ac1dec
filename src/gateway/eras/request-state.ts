import { createHash } from 'node:crypto';
import type { Clock } from '../../common/clock.js';
import type { Sealer } from '../../database/sealer.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { without } from './meta.js';

/** A request as its retries repeat it. */
export interface Originating {
  readonly owner: string;
  readonly method: string;
  readonly params: JsonObject;
}

/** What a retry goes on with: a call that waits, or the request from its start once its URLs have been visited. */
export interface RequestState {
  readonly call?: string;
}

/** `requestState` of our own: sealed, for one caller, one server and one request, and for a short time (R-MOD-17). */
export class RequestStates {
  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
    private readonly serverId: string,
  ) {}

  seal(state: RequestState, originating: Originating, lifetimeMs: number): string {
    const claims = { ...state, request: digestOf(originating), expiresAt: this.clock() + lifetimeMs };
    return this.sealer.seal(this.purposeOf(originating), JSON.stringify(claims));
  }

  /** Undefined for a state that is not ours, another caller's, for another request, or too old. */
  open(sealed: unknown, originating: Originating): RequestState | undefined {
    const claims = typeof sealed === 'string' ? this.read(sealed, originating) : undefined;
    if (claims?.['request'] !== digestOf(originating) || !(Number(claims['expiresAt']) > this.clock())) return undefined;
    const call = claims['call'];
    return typeof call === 'string' ? { call } : {};
  }

  private read(sealed: string, originating: Originating): JsonObject | undefined {
    try {
      const claims: unknown = JSON.parse(this.sealer.open(this.purposeOf(originating), sealed).toString('utf8'));
      return isObject(claims) ? claims : undefined;
    } catch {
      // Not sealed here, for somebody else, or changed: whichever, it is not told.
      return undefined;
    }
  }

  private purposeOf({ owner }: Originating): string {
    return `mcp.request-state:${this.serverId}:${owner}`;
  }
}

function digestOf({ method, params }: Originating): string {
  const repeated = without(params, '_meta', 'inputResponses', 'requestState');
  return createHash('sha256')
    .update(JSON.stringify([method, inOrder(repeated)]))
    .digest('base64url');
}

/** The same value with its members in one order; the depth of messages is bounded. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => [name, inOrder(member)]);
}
