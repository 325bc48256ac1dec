import type { McpHttpHandler } from '@modelcontextprotocol/server';
import { BackgroundTask } from '../common/background-task.js';
import { answerOf } from '../protocol/answer.js';
import type { Era, McpUpstream, UpstreamAnswer } from '../protocol/exchange.js';
import { MCP_CODE, McpError } from '../protocol/mcp-error.js';
import { answerDirectly, type DocsExchange } from './direct-answer.js';
import type { DocsLibrary } from './docs-library.js';
import type { DocsServerParts } from './docs-answers.js';
import { OpenStreams } from './open-streams.js';
import { DocsResources } from './docs-resources.js';
import { loadSdk } from './load-sdk.js';
import { feedbackTool, type KeepFeedback } from './feedback-tool.js';
import { readTool } from './read-tool.js';
import { searchTool } from './search-tool.js';
import { shellTool } from './shell-tool.js';
import type { ShellThreads } from './shell/shell-threads.js';
import type { SessionIdParts } from './session-ids.js';
import { LegacySessions } from './sessions.js';

const ERAS: readonly Era[] = ['modern', 'legacy'];
const NEEDS_INDEX = /^(tools\/|resources\/|completion\/)/;
const SWEEP_MS = 60_000;
/** A call waits this long for the first index at the most; then it is answered from what is there. */
const FIRST_INDEX_MS = 20_000;

export interface DocsUpstreamOptions {
  readonly library: DocsLibrary;
  /** Resolves when there is something to index, or nothing can be had; absent where the folder is all there is. */
  readonly sourced?: Promise<void> | undefined;
  readonly name: string;
  readonly suffix: string;
  readonly shell: ShellThreads;
  readonly keepFeedback: KeepFeedback;
  /** How sessions are shared with other replicas; without it this one has them for itself. */
  readonly sessions?: SessionIdParts | undefined;
  /** Told of what the SDK refuses or fails at. */
  readonly onError: (error: Error) => void;
}

/** The built-in MCP server over a library of pages, in both eras of the protocol. */
export class DocsUpstream implements McpUpstream {
  readonly appliesPolicy = true;
  private readonly parts: DocsServerParts;
  private readonly sessions: LegacySessions;
  private readonly streams = new OpenStreams();
  private modern: Promise<McpHttpHandler> | undefined;
  private readonly sweeper: BackgroundTask;
  private readonly opened: Promise<void>;
  private isOpen = false;

  /** Opens the library in the background; a start does not wait for it. */
  constructor(private readonly options: DocsUpstreamOptions) {
    const { library, sourced, sessions } = options;
    this.parts = partsOf(options);
    this.sessions = new LegacySessions(this.parts, undefined, sessions);
    this.sweeper = new BackgroundTask(() => Promise.resolve(this.sessions.endIdle()), SWEEP_MS);
    this.sweeper.start();
    this.opened = Promise.all([library.ready, sourced]).then(() => void (this.isOpen = true));
    void library.open();
  }

  get toolNames(): readonly string[] {
    return this.parts.tools.map((tool) => tool.name);
  }

  /** What it tells of itself to everybody. */
  get publicFace(): { readonly tools: readonly object[]; readonly capabilities: object } {
    const reader = { audience: 'public' as const, groups: [] };
    const tools = this.parts.tools.map((tool) => tool.describe(reader));
    return {
      tools: tools.map(({ name, title, description, inputSchema, annotations }) => ({
        name,
        title,
        description,
        inputSchema,
        annotations,
      })),
      capabilities: { tools: {}, resources: {}, completions: {} },
    };
  }

  eras(): readonly Era[] {
    return ERAS;
  }

  async handle(exchange: DocsExchange): Promise<UpstreamAnswer> {
    if (!this.isOpen && needsIndex(exchange.message)) await this.waitForIndex();
    const answer = await answerDirectly(this.parts, exchange);
    if (answer) return answer;
    const response = exchange.era === 'legacy' ? await this.sessions.handle(exchange) : await this.handleModern(exchange);
    return answerOf(this.streams.track(exchange.caller.owner, response));
  }

  countSessions(): number {
    return this.sessions.size;
  }

  endSessions(owner: string): void {
    this.sessions.endOf(owner);
    this.streams.endOf(owner);
  }

  async close(): Promise<void> {
    await this.sweeper.stop();
    this.sessions.endAll();
    await (await this.modern)?.close();
    this.streams.endAll();
    await this.options.library.close();
  }

  private async handleModern({ caller, request, message }: DocsExchange): Promise<Response> {
    if (request.method !== 'POST') {
      throw new McpError(405, MCP_CODE.invalidRequest, 'This HTTP method is not offered here.', { headers: { allow: 'POST' } });
    }
    this.modern ??= loadSdk().then(({ createModernHandler }) => createModernHandler(this.parts, this.options.onError));
    return (await this.modern).fetch(request, {
      parsedBody: message,
      authInfo: { token: '', clientId: caller.owner, scopes: [], extra: { caller } },
    });
  }

  private async waitForIndex(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, FIRST_INDEX_MS)));
    await Promise.race([this.opened, late]);
    clearTimeout(timer);
  }
}

/** What the server is made from. */
export function partsOf({ library, name, suffix, shell, keepFeedback }: Omit<DocsUpstreamOptions, 'onError'>): DocsServerParts {
  const tools = [
    searchTool(library, name, suffix),
    readTool(library, name, suffix),
    shellTool(library, shell, { name, suffix }),
    feedbackTool(library, keepFeedback, name),
  ];
  return { name, tools, resources: new DocsResources(library, name, suffix) };
}

const needsIndex = (message: unknown): boolean =>
  [message]
    .flat()
    .some((element) => typeof element === 'object' && element !== null && 'method' in element && NEEDS_INDEX.test(String(element.method)));
