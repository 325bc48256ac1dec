import { newUnguessableId } from '../../common/ids.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import { canAnswer } from './client-capabilities.js';
import type { ServerMessage } from './legacy-connection.js';
import { without } from './meta.js';
import type { Reply } from './reply.js';
import type { Originating, RequestStates } from './request-state.js';
import { toModernResult } from './results.js';
import type { WaitingCalls } from './waiting-calls.js';

/** Requests of the server's that come this close together are put to the client together. */
const GATHER_MS = 10;
const MAX_ASKED = 20;
const UNANSWERED = -32800;
/** A round is answered within this time, however much progress is reported (R-GWC-15). */
const MAX_ROUND_MS = 10 * 60_000;

/** One round of a call: a request of the client's and where its answer goes. */
export interface Round {
  readonly id: JsonRpcId;
  readonly reply: Reply;
  readonly signal: AbortSignal;
  /** Ends the round with an error. */
  readonly fail: (error: unknown) => void;
}

interface Asked {
  readonly request: ServerMessage;
  readonly resolve: (result: JsonObject) => void;
  readonly reject: (error: Error) => void;
}

export interface TranslatedCallParts {
  readonly originating: Originating;
  readonly capabilities: JsonObject;
  readonly states: RequestStates;
  readonly waiting: WaitingCalls;
}

/** What became of a call: a legacy result; a result of ours in the modern form; an error. */
export type Outcome =
  { readonly result: JsonObject; readonly serverInfo: JsonObject } | { readonly modernResult: JsonObject } | { readonly error: unknown };

/** What the call is made with. */
export interface CallHooks {
  readonly signal: AbortSignal;
  readonly onNotification: (notification: ServerMessage) => void;
  readonly onRequest?: (request: ServerMessage) => Promise<JsonObject>;
}

/**
 * A call of a modern client's on a legacy server. Where the server asks the client for something in the middle of it, the
 * client gets an `input_required` result, the call waits, and the client's next round brings the answers (MRTR, SEP-2322).
 */
export class TranslatedCall {
  readonly id = newUnguessableId();
  private readonly ending = new AbortController();
  private readonly asked = new Map<string, Asked>();
  private round: Round | undefined;
  private outcome: Outcome | undefined;
  private gathering: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;
  private count = 0;

  constructor(private readonly parts: TranslatedCallParts) {}

  get owner(): string {
    return this.parts.originating.owner;
  }

  /** Makes the call, and answers the first round. */
  start(round: Round, make: (hooks: CallHooks) => Promise<Outcome>): void {
    this.join(round);
    const hooks = {
      signal: this.ending.signal,
      onNotification: ({ method, params }: ServerMessage) => void this.round?.reply.send({ jsonrpc: '2.0', method, params }),
      onRequest: (request: ServerMessage) => this.ask(request),
    };
    make(hooks)
      .catch((error: unknown) => ({ error }))
      .then((outcome) => this.settle(outcome))
      .catch(round.fail);
  }

  /** Goes on with what the client answered; what it left out it is asked again. */
  resume(round: Round, responses: unknown): void {
    const answers = isObject(responses) ? responses : {};
    for (const [key, asked] of [...this.asked]) {
      const answer = Object.hasOwn(answers, key) ? answers[key] : undefined;
      if (!isObject(answer)) continue;
      this.asked.delete(key);
      asked.resolve(answer);
    }
    this.join(round);
    if (this.outcome) this.settle(this.outcome);
    else if (this.asked.size > 0) this.gather();
  }

  /** Nobody will answer any more. */
  abandon(): void {
    for (const { reject } of this.asked.values())
      reject(new RemoteError({ code: UNANSWERED, message: 'The client did not answer in time' }));
    this.asked.clear();
    this.ending.abort(new McpError(504, MCP_CODE.internalError, 'The call was ended.', { detail: 'Its client left or did not answer' }));
  }

  private join(round: Round): void {
    this.round = round;
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.abandon(), MAX_ROUND_MS);
    this.deadline.unref();
    const leave = (): void => {
      if (this.round === round) this.abandon();
    };
    if (round.signal.aborted) leave();
    else round.signal.addEventListener('abort', leave, { once: true });
  }

  private leave(): Round | undefined {
    const { round } = this;
    this.round = undefined;
    clearTimeout(this.deadline);
    return round;
  }

  private ask(request: ServerMessage): Promise<JsonObject> {
    const { capabilities } = this.parts;
    if (!canAnswer(capabilities, request)) {
      throw new RemoteError({ code: MCP_CODE.methodNotFound, message: `The client has not declared that it answers ${request.method}` });
    }
    if (this.asked.size >= MAX_ASKED) throw new RemoteError({ code: MCP_CODE.internalError, message: 'Too many requests at a time' });
    return new Promise((resolve, reject) => {
      this.asked.set(`${request.method.split('/')[0] ?? ''}-${++this.count}`, { request, resolve, reject });
      this.gather();
    });
  }

  private gather(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      if (this.round && this.asked.size > 0) this.hand(this.round);
    }, GATHER_MS);
  }

  /** Puts what the server asks to the client, and waits. */
  private hand({ id, reply }: Round): void {
    const { waiting, states, originating } = this.parts;
    if (!waiting.hasRoom(this.owner)) {
      for (const { reject } of this.asked.values())
        reject(new RemoteError({ code: MCP_CODE.internalError, message: 'Too many calls wait for their client' }));
      return this.asked.clear();
    }
    this.leave();
    waiting.add(this);
    const inputRequests = Object.fromEntries([...this.asked].map(([key, { request }]) => [key, toInputRequest(request)]));
    const requestState = states.seal({ call: this.id }, originating, waiting.waitMs);
    reply.finish({ jsonrpc: '2.0', id, result: { resultType: 'input_required', inputRequests, requestState } });
  }

  private settle(outcome: Outcome): void {
    this.outcome = outcome;
    const round = this.leave();
    if (!round) return; // kept for the round to come
    const { method } = this.parts.originating;
    if ('result' in outcome) {
      const result = toModernResult(method, outcome.result, outcome.serverInfo);
      return round.reply.finish({ jsonrpc: '2.0', id: round.id, result });
    }
    if ('modernResult' in outcome) return round.reply.finish({ jsonrpc: '2.0', id: round.id, result: outcome.modernResult });
    round.fail(outcome.error);
  }
}

/** A request of the legacy era as `inputRequests` hold it: no message of its own, and a URL without the id that its end is told by. */
function toInputRequest({ method, params }: ServerMessage): JsonObject {
  const shared = without(params, '_meta', 'task', ...(params['mode'] === 'url' ? ['elicitationId'] : []));
  return method === 'roots/list' ? { method } : { method, params: shared };
}
