import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { upTo } from '../../common/up-to.js';
import { isEventStream, jsonAnswer } from '../../protocol/answer.js';
import type { Caller, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { type JsonRpcId, MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import { WrappedUpstream } from '../../protocol/wrapped-upstream.js';
import { derivedBody } from '../derived-body.js';
import { EventCutter, parseEvent, splitEvents, withData } from '../http-upstream/event-cutter.js';
import { MAX_LIST_BYTES, textOf, unreadable } from '../list-filter.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { BATCH_VERSION } from '../protocol-versions.js';
import type { OwnedTask, TaskLedger } from './task-ledger.js';
import {
  filterTaskLists,
  isAugmented,
  isTaskMethod,
  listedIn,
  mayNameTasks,
  mayStartTask,
  startedIn,
  tasksNamedIn,
  TASKS_LIST,
} from './task-messages.js';

const MAX_CALLS = 10_000;
const TOOL_CALL = 'tools/call';
const ACCEPTED: UpstreamAnswer = { status: 202, headers: {}, body: undefined };

/**
 * Keeps the tasks of one caller from the others. To an upstream the gateway is one client, so it would show a task to whoever knows
 * its id, and in a list to everybody: here a task belongs to the credential that started it, as long as that may call its tool
 * (R-MOD-23). A task that was not started through the gateway is left to the upstream. Everything else passes untouched.
 */
export class TaskGuard extends WrappedUpstream {
  /** The tools of calls whose answers are streams: a client that resumes one gets the answer elsewhere. */
  private readonly tools = new LRUCache<string, string>({ ...upTo(MAX_CALLS) });

  constructor(
    inner: McpUpstream,
    private readonly serverId: string,
    private readonly ledger: TaskLedger,
  ) {
    super(inner);
  }

  handle(exchange: Exchange): Promise<UpstreamAnswer> {
    return concernsTasks(exchange) ? this.handleTasks(exchange) : this.inner.handle(exchange);
  }

  private async handleTasks(exchange: Exchange): Promise<UpstreamAnswer> {
    const { message, id } = exchange;
    if (Array.isArray(message)) {
      throw new McpError(400, MCP_CODE.invalidRequest, `Tasks are not of ${BATCH_VERSION}: an array of messages has none.`);
    }
    const unknown = isObject(message) ? await this.findForeign(message, exchange) : undefined;
    if (unknown !== undefined) return id === undefined ? ACCEPTED : refusal(id, unknown);
    return this.watch(await this.inner.handle(exchange), exchange);
  }

  /** A task that a request is about and that is not its caller's. */
  private async findForeign(message: JsonObject, { caller, id }: Exchange): Promise<string | undefined> {
    const named = tasksNamedIn(message);
    if (named.length === 0) return undefined;
    const taskIds = named.filter((one) => typeof one === 'string');
    // What is no string here, an upstream could still take for one.
    if (taskIds.length < named.length) {
      throw new McpError(id === undefined ? 400 : 200, MCP_CODE.invalidParams, 'Invalid params: the id of a task is a string.', { id });
    }
    const known = await this.ledger.find(this.serverId, taskIds);
    return taskIds.find((taskId) => {
      const task = known.get(taskId);
      return task !== undefined && !isOf(caller, task);
    });
  }

  private async watch(answer: UpstreamAnswer, exchange: Exchange): Promise<UpstreamAnswer> {
    const { body } = answer;
    if (body === undefined) return answer;
    if (isEventStream(answer)) {
      this.rememberTool(exchange);
      return { ...answer, body: derivedBody(this.passEvents(body, exchange), body) };
    }
    // A list may be long. What else is long is no task.
    if (Buffer.isBuffer(body) ? !mayNameTasks(body) : !isList(exchange)) return answer;
    const { 'content-length': _length, ...headers } = answer.headers;
    return { ...answer, headers, body: Buffer.from(await this.pass(await this.read(body, exchange), exchange)) };
  }

  private async read(body: Buffer | Readable, { id }: Exchange): Promise<string> {
    try {
      return await textOf(body);
    } catch (error) {
      throw unreadable(`The list of tasks cannot be filtered: ${(error as Error).message}`, id);
    }
  }

  private async *passEvents(body: Buffer | Readable, exchange: Exchange): AsyncGenerator<Buffer> {
    const cutter = new EventCutter(MAX_LIST_BYTES);
    for await (const chunk of Buffer.isBuffer(body) ? [body] : (body as AsyncIterable<Buffer>)) {
      for (const { bytes, isWhole } of cutter.push(chunk)) {
        if (isWhole) for (const event of splitEvents(bytes)) yield mayNameTasks(event) ? await this.passEvent(event, exchange) : event;
        else if (isList(exchange)) throw unreadable('The list of tasks is too long to be filtered');
        else yield bytes;
      }
    }
  }

  private async passEvent(event: Buffer, exchange: Exchange): Promise<Buffer> {
    const text = event.toString('utf8');
    const { data } = parseEvent(text);
    if (data === undefined || data === '') return event;
    const passed = await this.pass(data, exchange);
    return passed === data ? event : withData(text, passed);
  }

  /** A JSON text as its reader may see it, once it is noted whose the task is that it tells of. */
  private async pass(json: string, exchange: Exchange): Promise<string> {
    let messages: JsonObject[];
    try {
      messages = [JSON.parse(json) as unknown].flat().filter(isObject);
    } catch (error) {
      if (isList(exchange)) throw unreadable(`The list of tasks cannot be filtered: ${(error as Error).message}`, exchange.id);
      return json;
    }
    for (const message of messages) await this.noteStarted(message, exchange);
    const listed = listedIn(json);
    if (listed.length === 0) return json;
    const known = await this.ledger.find(this.serverId, listed);
    return filterTaskLists(json, (taskId) => mayList(exchange.caller, known.get(taskId)));
  }

  private async noteStarted(message: JsonObject, exchange: Exchange): Promise<void> {
    const started = startedIn(message);
    if (!started) return;
    const { owner } = exchange.caller;
    const tool = toolOf(exchange) ?? this.tools.get(callKey(owner, message['id']));
    await this.ledger.note(this.serverId, { ...started, owner, tool });
  }

  private rememberTool(exchange: Exchange): void {
    const tool = toolOf(exchange);
    if (exchange.era === 'legacy' && tool !== undefined) this.tools.set(callKey(exchange.caller.owner, exchange.id), tool);
  }
}

/** Whether there is anything to look at: the usual call has nothing to do with tasks. */
function concernsTasks(exchange: Exchange): boolean {
  const { method, headers, message } = exchange;
  // A resumed stream may repeat whatever was said before.
  if (method === 'GET') return headers['last-event-id'] !== undefined;
  if (Array.isArray(message)) {
    return (message as unknown[]).some((one) => isObject(one) && (isTaskMethod(one['method']) || isAugmented(one)));
  }
  return isObject(message) && (isTaskMethod(message['method']) || tasksNamedIn(message).length > 0 || mayStartTask(exchange));
}

const isList = ({ method, operations }: Exchange): boolean => method === 'GET' || operations[0]?.method === TASKS_LIST;

const toolOf = ({ operations: [operation] }: Exchange): string | undefined =>
  operation?.method === TOOL_CALL ? operation.target : undefined;

/** The string "1" and the number 1 are two ids. */
const callKey = (owner: string, id: unknown): string => `${owner}\n${typeof id}:${String(id)}`;

/** A tool that is not known could be any. */
const isOf = (caller: Caller, { owner, tool }: OwnedTask): boolean =>
  owner === caller.owner && caller.isAllowed(tool === undefined ? { method: TOOL_CALL } : { method: TOOL_CALL, target: tool });

/** Public callers are many behind one name: none is shown the tasks of the others, and each knows its own. */
const mayList = (caller: Caller, task: OwnedTask | undefined): boolean =>
  task !== undefined && caller.audience !== 'public' && isOf(caller, task);

const refusal = (id: JsonRpcId, taskId: string): UpstreamAnswer =>
  jsonAnswer({ jsonrpc: '2.0', id, error: { code: MCP_CODE.invalidParams, message: `Unknown task: ${taskId.slice(0, 200)}` } });
