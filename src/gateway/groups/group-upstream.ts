import { VERSION } from '../../common/version.js';
import { jsonAnswer } from '../../protocol/answer.js';
import type { Era, Exchange, McpUpstream, UpstreamAnswer } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { GroupMember } from '../../servers/upstream.js';
import { without } from '../eras/meta.js';
import { encodeHeaderValue } from '../mcp-headers.js';
import { isObject, type JsonObject } from '../message-shape.js';
import { toOperation } from '../read-message.js';
import { CAPABILITIES_KEY } from '../modern-message.js';
import { type Replacement, spliceJson } from '../stdio/splice-json.js';
import { TASKS_EXTENSION } from '../tasks/task-messages.js';
import { messagesOf, OwnExchange, RemoteError } from '../upstream-call.js';
import { GroupCatalog, LISTS } from './group-catalog.js';
import { GroupDiscovery } from './group-discovery.js';
import { GroupListen } from './group-listen.js';
import { mergePage } from './group-lists.js';
import { isNotFound, Member, type OpenServer } from './group-member.js';
import { GroupRoutes } from './group-routes.js';

const ERAS: readonly Era[] = ['modern'];

export interface GroupOptions {
  readonly name: string;
  readonly members: readonly GroupMember[];
  readonly openServer: OpenServer;
  /** How long a member may take where the others wait for it. */
  readonly deadlineMs?: number;
}

/** Several servers as one, in the modern era. */
export class GroupUpstream implements McpUpstream {
  private readonly members: readonly Member[];
  private readonly catalog = new GroupCatalog();
  private readonly routes: GroupRoutes;
  private readonly discovery: GroupDiscovery;
  private readonly listens = new Set<GroupListen>();

  constructor(options: GroupOptions) {
    const { name, members, openServer, deadlineMs } = options;
    this.members = members.map((member) => new Member(member, openServer, deadlineMs));
    this.routes = new GroupRoutes(this.members, this.catalog);
    this.discovery = new GroupDiscovery(this.members, { name, version: VERSION });
  }

  eras(): readonly Era[] {
    return ERAS;
  }

  async handle(exchange: Exchange): Promise<UpstreamAnswer> {
    const { id, operations, message } = exchange;
    const [operation] = operations;
    if (id === undefined || !operation) return { status: 202, headers: {}, body: undefined };
    const params = isObject(message) && isObject(message['params']) ? message['params'] : {};
    try {
      return await this.serve(exchange, operation.method, params);
    } catch (error) {
      if (error instanceof RemoteError) return refusal(id, error);
      throw error instanceof McpError ? error.answering(id) : error;
    }
  }

  /** Sessions with members belong to the members. */
  endSessions(owner: string): void {
    this.catalog.forget(owner);
    for (const listen of this.listens) if (listen.owner === owner) listen.end();
  }

  close(): Promise<void> {
    for (const listen of this.listens) listen.end();
    return Promise.resolve();
  }

  private async serve(exchange: Exchange, method: string, params: JsonObject): Promise<UpstreamAnswer> {
    const { caller, id } = exchange;
    const kind = LISTS.find((list) => list.method === method);
    if (kind) return result(id, mergePage(await this.catalog.getAll(this.members, kind, caller), kind, params['cursor']));
    switch (method) {
      case 'server/discover':
        return result(id, await this.discovery.discover(caller));
      case 'subscriptions/listen':
        return this.listen(exchange, params);
      case 'tools/call':
        return this.pass(exchange, await this.routes.toolOwner(text(params, 'name'), caller), [['name']]);
      case 'prompts/get':
        return this.pass(exchange, await this.routes.promptOwner(text(params, 'name'), caller), [['name']]);
      case 'resources/read':
        return this.read(exchange, text(params, 'uri'));
      case 'completion/complete':
        return this.complete(exchange, params);
      default:
        throw new RemoteError({ code: MCP_CODE.methodNotFound, message: 'Method not found' });
    }
  }

  /** Hands a request to a member as it came, less the prefix of its name: in the body and in `Mcp-Name` together (R-GWC-18). */
  private pass(exchange: Exchange, member: Member, names: readonly (readonly string[])[] = []): Promise<UpstreamAnswer> {
    return member.handle(({ server }) => toMemberExchange(exchange, member, { url: server.resource, names }));
  }

  /** Asks the members that may have a resource, until one has it. */
  private async read(exchange: Exchange, uri: string): Promise<UpstreamAnswer> {
    const candidates = await this.routes.resourceOwners(uri, exchange.caller);
    let missing: UpstreamAnswer | undefined;
    for (const member of candidates) {
      const attempt = await this.tryRead(exchange, member, candidates.length > 1);
      if (attempt && !attempt.isMissing) return attempt.answer;
      missing ??= attempt?.answer;
    }
    if (missing) return missing;
    throw new McpError(502, MCP_CODE.internalError, 'No member of the group can be reached.');
  }

  /** Undefined where the member cannot be asked and there are others. */
  private async tryRead(
    exchange: Exchange,
    member: Member,
    hasOthers: boolean,
  ): Promise<{ answer: UpstreamAnswer; isMissing: boolean } | undefined> {
    try {
      const answer = await this.pass(exchange, member);
      return { answer, isMissing: hasOthers && (await saysNotFound(answer)) };
    } catch (error) {
      if (!hasOthers || !(error instanceof McpError)) throw error;
      return undefined;
    }
  }

  private async complete(exchange: Exchange, params: JsonObject): Promise<UpstreamAnswer> {
    const ref = isObject(params['ref']) ? params['ref'] : {};
    const { caller } = exchange;
    if (ref['type'] === 'ref/prompt')
      return this.pass(exchange, await this.routes.promptOwner(text(ref, 'name'), caller), [['ref', 'name']]);
    return this.pass(exchange, await this.routes.templateOwner(text(ref, 'uri'), caller));
  }

  private async listen({ id, caller, signal }: Exchange, params: JsonObject): Promise<UpstreamAnswer> {
    const { members, catalog, routes } = this;
    const listen = new GroupListen({ id: id ?? '', caller, signal, members, catalog, routes });
    this.listens.add(listen);
    return listen.start(params['notifications'], () => this.listens.delete(listen));
  }
}

function toMemberExchange(
  exchange: Exchange,
  member: Member,
  { url, names }: { url: string; names: readonly (readonly string[])[] },
): Exchange {
  const { headers, message, id, era, signal, operations, body } = exchange;
  const common = { id, era, url, signal, caller: member.callerFor(exchange.caller) };
  const renamings = member.prefix === '' ? [] : toOwnNames(message, member, names);
  const replacements = [...renamings, ...withoutTasks(message)];
  if (replacements.length === 0) return new OwnExchange({ ...common, headers, message, body, operations });
  const renamed = spliceJson(body ? body.toString('utf8') : JSON.stringify(message), replacements);
  const parsed = JSON.parse(renamed) as JsonObject;
  const method = operations[0]?.method ?? '';
  const own = renamings[0]?.value;
  const named = headers['mcp-name'] === undefined || own === undefined ? headers : { ...headers, 'mcp-name': encodeHeaderValue(own) };
  const params = isObject(parsed['params']) ? parsed['params'] : {};
  return new OwnExchange({
    ...common,
    headers: named,
    message: parsed,
    body: Buffer.from(renamed),
    operations: [toOperation(method, params)],
  });
}

const toOwnNames = (message: unknown, member: Member, names: readonly (readonly string[])[]): (Replacement & { value: string })[] =>
  names.map((path) => ({
    path: ['params', ...path],
    value: member.ownName(String(valueAt(message, ['params', ...path]))) ?? '',
  }));

/** A group has no tasks: a member that is told of a client which has them could start one that nobody can ask for. */
function withoutTasks(message: unknown): Replacement[] {
  const path = ['params', '_meta', CAPABILITIES_KEY, 'extensions'];
  const extensions = valueAt(message, path);
  if (!isObject(extensions) || !Object.hasOwn(extensions, TASKS_EXTENSION)) return [];
  return [{ path, value: without(extensions, TASKS_EXTENSION) }];
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), value);

function text(params: JsonObject, name: string): string {
  const value = params[name];
  if (typeof value === 'string') return value;
  throw new RemoteError({ code: MCP_CODE.invalidParams, message: `Invalid params: ${name} must be a string.` });
}

async function saysNotFound(answer: UpstreamAnswer): Promise<boolean> {
  if (!Buffer.isBuffer(answer.body)) return false;
  for await (const { error } of messagesOf(answer)) if (isNotFound(error)) return true;
  return false;
}

const result = (id: unknown, body: JsonObject): UpstreamAnswer => jsonAnswer({ jsonrpc: '2.0', id, result: body });

function refusal(id: unknown, { code, message, data }: RemoteError): UpstreamAnswer {
  const status = code === MCP_CODE.methodNotFound ? 404 : 200;
  return jsonAnswer({ jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } }, status);
}
