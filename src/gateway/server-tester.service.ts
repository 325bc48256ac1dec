import { Inject, Injectable, Logger } from '@nestjs/common';
import { newId } from '../common/ids.js';
import { CONFIG, type Config } from '../config/config.js';
import { Sealer } from '../database/sealer.js';
import type { Era, McpUpstream } from '../protocol/exchange.js';
import { ProblemError } from '../protocol/problem.js';
import { ServerSettings } from '../servers/server-settings.service.js';
import { resourceOf, type ServerState, toServerState } from '../servers/server-state.js';
import { ServersService } from '../servers/servers.service.js';
import type { UpstreamDto } from '../servers/upstream.dto.js';
import type { UpstreamParts } from '../servers/upstream-settings.js';
import { type Catalog, readCatalog } from './catalog.js';
import { UpstreamSession } from './eras/upstream-session.js';
import { GATEWAY } from './gateway-caller.js';
import { isObject, type JsonObject } from './message-shape.js';
import { askAsGateway } from './own-call.js';
import { describeProblem, type PlainProblem } from './plain-problem.js';
import type { ServerTestDto } from './server-test.dto.js';
import { StdioUpstream } from './stdio/stdio-upstream.js';
import type { Opened } from './opened.js';
import { UpstreamOpener } from './upstream-opener.service.js';
import { Upstreams } from './upstreams.service.js';

const DEADLINE_MS = 20_000;
const STEP_SECONDS = 10;
/** Tests at a time: each opens connections, or a process. */
const AT_A_TIME = 4;
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** What is known of a server that is being tried. */
interface Findings {
  eras: readonly Era[];
  versions: string[];
  serverInfo: JsonObject | undefined;
  catalog: Catalog;
  readonly problems: PlainProblem[];
}

/** Tries servers, stored or not: connects as calls would, lists, and says in plain words what does not work. */
@Injectable()
export class ServerTester {
  private readonly logger = new Logger('Servers');
  private running = 0;

  constructor(
    private readonly servers: ServersService,
    private readonly settings: ServerSettings,
    private readonly opener: UpstreamOpener,
    private readonly upstreams: Upstreams,
    private readonly sealer: Sealer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** A stored server, with a change of its upstream where there is one. @throws {ProblemError} */
  async testStored(slug: string, change: UpstreamDto | undefined): Promise<ServerTestDto> {
    const server = await this.servers.read(slug);
    const state = toServerState(server, { publicUrl: this.config.publicUrl, sealer: this.sealer });
    return this.test(change ? withUpstream(state, await this.settings.tryUpstream(server, change)) : state);
  }

  /** @throws {ProblemError} */
  async testUnsaved(input: UpstreamDto): Promise<ServerTestDto> {
    const place = { slug: 'test', isDefault: false };
    const state: ServerState = {
      ...place,
      id: newId(),
      name: 'Test',
      description: null,
      access: 'authenticated',
      upstream: { kind: 'docs' },
      openSecrets: () => ({}),
      scopes: [],
      limits: {},
      tokenTtl: null,
      version: 0,
      resource: resourceOf(place, this.config.publicUrl),
      metadataUrl: '',
    };
    return this.test(withUpstream(state, await this.settings.tryUpstream(undefined, input)));
  }

  private async test(state: ServerState): Promise<ServerTestDto> {
    if (this.running >= AT_A_TIME) throw new ProblemError('too_many_requests', 'Too many servers are being tested. Try again in a moment.');
    this.running++;
    const started = performance.now();
    const findings: Findings = { eras: [], versions: [], serverInfo: undefined, catalog: {}, problems: [] };
    try {
      // A server of its own, opened for this and closed after it: the one that serves calls goes on undisturbed.
      await this.explore({ ...state, id: newId(), limits: { ...state.limits, timeoutSeconds: STEP_SECONDS } }, findings);
    } finally {
      this.running--;
    }
    return toDto(findings, Math.round(performance.now() - started));
  }

  private async explore(state: ServerState, findings: Findings): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const fail = (error: unknown): void => {
      const problem = describeProblem(signal.aborted ? signal.reason : error);
      if (problem.code === 'failed') this.logger.warn(`${state.slug} could not be tested: ${String(error)}`);
      note(findings.problems, problem);
    };
    let opened: Opened | undefined;
    try {
      opened = await this.opener.open(state, (slug) => this.upstreams.openMember(slug));
      await orLate(look(opened, state.resource, { signal, findings, fail }), signal);
      const fault = await opened.findFault?.();
      if (fault !== undefined) note(findings.problems, { code: 'source', message: fault });
    } catch (error) {
      fail(error);
    } finally {
      await opened?.close();
    }
  }
}

interface Look {
  readonly signal: AbortSignal;
  readonly findings: Findings;
  readonly fail: (error: unknown) => void;
}

async function look({ upstream, itself }: Opened, url: string, { signal, findings, fail }: Look): Promise<void> {
  findings.eras = await spokenBy(itself);
  const ask = askAsGateway({ upstream, url, signal });
  const discovered = await ask('server/discover', {});
  const meta = discovered['_meta'];
  findings.serverInfo = [isObject(meta) ? meta[SERVER_INFO] : undefined, discovered['serverInfo']].find(isObject);
  findings.versions = await versionsOf({ itself, url, eras: findings.eras, discovered });
  findings.catalog = await readCatalog(ask, fail);
}

const spokenBy = async (upstream: McpUpstream): Promise<readonly Era[]> =>
  upstream instanceof StdioUpstream ? [await upstream.spokenEra()] : upstream.eras();

interface Spoken {
  readonly itself: McpUpstream;
  readonly url: string;
  readonly eras: readonly Era[];
  readonly discovered: JsonObject;
}

async function versionsOf({ itself, url, eras, discovered }: Spoken): Promise<string[]> {
  const named = eras.includes('modern') ? discovered['supportedVersions'] : [];
  const modern = Array.isArray(named) ? named.filter((version) => typeof version === 'string') : [];
  // The child of a stdio server is spoken to behind the upstream, which has no session for us to open.
  if (!eras.includes('legacy') || itself instanceof StdioUpstream) return modern;
  const session = await UpstreamSession.open({ upstream: itself, url, caller: GATEWAY }, {});
  await session.close();
  return [...modern, session.initializeResult.protocolVersion];
}

const withUpstream = (state: ServerState, { upstream, secrets }: UpstreamParts): ServerState => ({
  ...state,
  upstream,
  openSecrets: () => secrets,
});

/** Not everything on the way heeds the signal. */
async function orLate(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const late = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  await Promise.race([work, late]);
}

function note(problems: PlainProblem[], problem: PlainProblem): void {
  if (!problems.some(({ message }) => message === problem.message)) problems.push(problem);
}

function toDto({ eras, versions, serverInfo, catalog, problems }: Findings, durationMs: number): ServerTestDto {
  const listing = (name: keyof Catalog) => {
    const found = catalog[name];
    return found ? { count: found.items.length, items: [...found.items], isCut: found.isCut } : null;
  };
  return {
    ok: problems.length === 0,
    durationMs,
    eras,
    versions,
    serverInfo: serverInfo ? toInfo(serverInfo) : null,
    tools: listing('tools'),
    prompts: listing('prompts'),
    resources: listing('resources'),
    resourceTemplates: listing('resourceTemplates'),
    problems,
  };
}

const toInfo = ({ name, version, title }: JsonObject): ServerTestDto['serverInfo'] => ({
  name: textOf(name) ?? '',
  version: textOf(version),
  title: textOf(title),
});

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 200) : null);
