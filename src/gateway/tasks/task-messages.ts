import type { Exchange } from '../../protocol/exchange.js';
import { JsonSpans } from '../json-spans.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { CAPABILITIES_KEY } from '../modern-message.js';

/** The extension of 2026-07-28 (SEP-2663). */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
export const TASKS_LIST = 'tasks/list';
const PREFIX = 'tasks/';
const LISTEN = 'subscriptions/listen';

export const isTaskMethod = (method: unknown): boolean => typeof method === 'string' && method.startsWith(PREFIX);

const paramsOf = (message: JsonObject): JsonObject => (isObject(message['params']) ? message['params'] : {});

/** Whether a request wants a task of the legacy kind (2025-11-25). */
export const isAugmented = (message: JsonObject): boolean => paramsOf(message)['task'] !== undefined;

/** Whether the answer to a request may be a task: its legacy client asks for one, its modern client knows them. */
export function mayStartTask({ era, message, id }: Pick<Exchange, 'era' | 'message' | 'id'>): boolean {
  if (id === undefined || !isObject(message)) return false;
  return era === 'legacy' ? isAugmented(message) : message['method'] === 'tools/call' && declaresTasks(paramsOf(message));
}

export function declaresTasks({ _meta }: JsonObject): boolean {
  const capabilities = isObject(_meta) ? _meta[CAPABILITIES_KEY] : undefined;
  const extensions = isObject(capabilities) ? capabilities['extensions'] : undefined;
  return isObject(extensions) && Object.hasOwn(extensions, TASKS_EXTENSION);
}

/** The tasks that a request is about: its values may be no ids at all. */
export function tasksNamedIn(message: JsonObject): readonly unknown[] {
  const params = paramsOf(message);
  if (isTaskMethod(message['method'])) return Object.hasOwn(params, 'taskId') ? [params['taskId']] : [];
  if (message['method'] !== LISTEN || !isObject(params['notifications'])) return [];
  const { taskIds } = params['notifications'];
  return taskIds === undefined ? [] : [taskIds].flat();
}

/** A task that a result tells of as started. */
export interface StartedTask {
  readonly taskId: string;
  readonly keptMs: number | undefined;
}

/** The task that a result is, in either era's form. */
export function startedIn({ result }: JsonObject): StartedTask | undefined {
  if (!isObject(result)) return undefined;
  const task = result['resultType'] === 'task' ? result : result['task'];
  if (!isObject(task) || typeof task['taskId'] !== 'string') return undefined;
  const kept = task['ttlMs'] === undefined ? task['ttl'] : task['ttlMs'];
  // Null is for ever.
  return { taskId: task['taskId'], keptMs: kept === null ? Infinity : typeof kept === 'number' ? kept : undefined };
}

/** Whether a JSON text could tell of tasks, without reading it. */
export const mayNameTasks = (json: Buffer): boolean => json.includes('taskId') || json.includes('\\u');

/** The ids of the tasks that the lists in a JSON text show. @throws {SyntaxError} where it is none. */
export const listedIn = (json: string): string[] =>
  [JSON.parse(json) as unknown].flat().flatMap((message) => listOf(message).flatMap((task) => idOf(task) ?? []));

/** Takes out of the lists in a JSON text what `mayShow` does not know; every other character stays. */
export function filterTaskLists(json: string, mayShow: (taskId: string) => boolean): string {
  const spans = new JsonSpans(json);
  const starts = json[spans.start] === '[' ? spans.elements(spans.start).map(({ start }) => start) : [spans.start];
  const lists = starts.flatMap((start) => {
    const list = valueAt(json, spans, { start, path: ['result', 'tasks'] });
    return list !== undefined && json[list] === '[' ? [list] : [];
  });
  return lists.reduceRight((text, start) => filterList(text, start, mayShow), json);
}

function filterList(json: string, start: number, mayShow: (taskId: string) => boolean): string {
  const elements = new JsonSpans(json).elements(start);
  const texts = elements.map((element) => json.slice(element.start, element.end));
  const kept = texts.filter((text) => {
    const taskId = idOf(JSON.parse(text));
    return taskId !== undefined && mayShow(taskId);
  });
  if (kept.length === texts.length) return json;
  const end = json.indexOf(']', elements.at(-1)?.end ?? start);
  return `${json.slice(0, start)}[${kept.join(',')}${json.slice(end)}`;
}

/** Where a value within objects begins; of several with one name the last, as `JSON.parse` has it. */
function valueAt(json: string, spans: JsonSpans, { start, path }: { start: number; path: readonly string[] }): number | undefined {
  let at: number | undefined = start;
  for (const name of path) {
    if (at === undefined || json[at] !== '{') return undefined;
    at = spans.members(at).findLast((member) => member.name === name)?.start;
  }
  return at;
}

function listOf(message: unknown): readonly unknown[] {
  const result = isObject(message) ? message['result'] : undefined;
  const tasks = isObject(result) ? result['tasks'] : undefined;
  return Array.isArray(tasks) ? tasks : [];
}

const idOf = (task: unknown): string | undefined => (isObject(task) && typeof task['taskId'] === 'string' ? task['taskId'] : undefined);
