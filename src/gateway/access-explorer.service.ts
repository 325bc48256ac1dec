import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import type { Credential } from '../credentials/credential.entity.js';
import { statusOf } from '../credentials/credential-view.js';
import { CredentialsService } from '../credentials/credentials.service.js';
import type { Operation } from '../protocol/exchange.js';
import { ProblemError } from '../protocol/problem.js';
import { Permissions } from '../servers/permissions.js';
import { grantableScopes, impliedScopes } from '../servers/scopes.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import type { ServerState } from '../servers/server-state.js';
import { findCover, isCall, isWithin } from './access-policy.js';
import type { AccessDto, AccessItemDto, ServerAccessDto, SimulateDto, SimulationDto } from './access.dto.js';
import { type Catalog, LIST_NAMES, LISTS, readCatalog } from './catalog.js';
import { insufficientScope } from './challenge.js';
import { askAsGateway } from './own-call.js';
import { describeProblem, type PlainProblem } from './plain-problem.js';
import { explain, type Explanation } from './simulate.js';
import { Upstreams } from './upstreams.service.js';

const DEADLINE_MS = 15_000;
const AT_A_TIME = 4;

/** What a credential holds of a server. */
interface Holding {
  /** Everything that it can be granted. */
  readonly grantable: readonly string[];
  /** What it is granted where it asks for nothing. */
  readonly implied: readonly string[];
  /** What narrows it further; absent where nothing does. */
  readonly narrowing?: readonly Permissions[];
}

/** Tells an admin what a credential would be able to do, by the very function that decides over its calls. */
@Injectable()
export class AccessExplorer {
  constructor(
    private readonly credentials: CredentialsService,
    private readonly servers: ServerDirectory,
    private readonly upstreams: Upstreams,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `not_found`. */
  async access(id: string): Promise<AccessDto> {
    const { credential } = await this.credentials.read(id);
    const slugs = [...credential.servers];
    const servers: ServerAccessDto[] = [];
    while (slugs.length > 0)
      servers.push(...(await Promise.all(slugs.splice(0, AT_A_TIME).map((slug) => this.accessTo(slug, credential)))));
    return { servers, warnings: this.warningsOf(credential) };
  }

  /** @throws {ProblemError} `not_found`, `validation_failed`. */
  async simulate(id: string, { server: slug, operation, scopes: asked }: SimulateDto): Promise<SimulationDto> {
    const { credential } = await this.credentials.read(id);
    const server = this.servers.find(slug);
    if (!server) throw invalid('server', `There is no server ${slug}.`);
    if (isCall(operation) && operation.target === undefined) throw invalid('operation.target', `${operation.method} needs a target.`);
    const holding = holdingOf(credential, server);
    const isObserved = this.isObserved(credential);
    const scopes = asked ? holding.grantable.filter((scope) => asked.includes(scope)) : holding.implied;
    const why = this.findNoToken(credential, server) ?? findNoScope({ asked, scopes, holding, credential, isObserved });
    if (why !== undefined) return toSimulation(NO_TOKEN(why), { scopes: [], observed: false });
    const explanation = explain(toOperation(operation), { ...holding, server, scopes, ceiling: holding.grantable });
    if (explanation.decision !== 'allowed' && isObserved) return toSimulation(explanation, { scopes, observed: true });
    return { ...toSimulation(explanation, { scopes, observed: false }), ...answerTo(explanation, server, credential) };
  }

  private async accessTo(slug: string, credential: Credential): Promise<ServerAccessDto> {
    const server = this.servers.find(slug);
    if (!server) return nothing({ slug, name: slug, resource: '' }, { code: 'failed', message: 'There is no such server any more.' });
    if (server.access === 'public')
      return nothing(server, { code: 'failed', message: 'It has no protected face: it is called without a token.' });
    const problems: PlainProblem[] = [];
    const catalog = await this.catalogOf(server, (error) => problems.push(describeProblem(error)));
    const permissions = permissionsOn(credential, server);
    return {
      ...toAccess({ server, catalog, problems }, holdingOf(credential, server)),
      permissions: permissions ? [...permissions] : null,
    };
  }

  private async catalogOf(server: ServerState, onFault: (error: unknown) => void): Promise<Catalog> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const fail = (error: unknown) => onFault(signal.aborted ? signal.reason : error);
    try {
      const upstream = await this.upstreams.of(server);
      return await readCatalog(askAsGateway({ upstream, url: server.resource, signal }), fail);
    } catch (error) {
      fail(error);
      return {};
    }
  }

  private findNoToken(credential: Credential, server: ServerState): string | undefined {
    const status = statusOf(credential, this.clock());
    if (status !== 'enabled') return `The credential is ${status}.`;
    if (!credential.servers.includes(server.slug)) return `The credential may not reach ${server.slug}.`;
    return server.access === 'public' ? `${server.slug} has no protected face: it is called without a token.` : undefined;
  }

  private isObserved({ settings }: Credential): boolean {
    return (settings?.observeUntil ?? 0) > this.clock();
  }

  private warningsOf(credential: Credential): string[] {
    const status = statusOf(credential, this.clock());
    const warnings = status === 'enabled' ? [] : [`The credential is ${status}: at the moment it can do nothing.`];
    if (this.isObserved(credential))
      warnings.push('The credential is in observe mode: it can do everything on its servers, not just this.');
    return warnings;
  }
}

const permissionsOn = ({ settings }: Credential, { slug }: ServerState) => settings?.permissions?.[slug];

function holdingOf(credential: Credential, server: ServerState): Holding {
  const permissions = permissionsOn(credential, server);
  return {
    grantable: grantableScopes(server.scopes, credential.scopes),
    implied: impliedScopes(server.scopes, credential.scopes),
    ...(permissions ? { narrowing: [new Permissions(permissions)] } : {}),
  };
}

interface Request {
  readonly asked: readonly string[] | undefined;
  readonly scopes: readonly string[];
  readonly holding: Holding;
  readonly credential: Credential;
  readonly isObserved: boolean;
}

/** Why the token endpoint would give no token for these scopes. */
function findNoScope({ asked, scopes, holding, credential, isObserved }: Request): string | undefined {
  const strange = (asked ?? []).filter((scope) => !holding.grantable.includes(scope));
  if (credential.settings?.strictScope && strange.length > 0) return `It cannot be granted ${strange.join(', ')}, and strictScope is on.`;
  if (scopes.length > 0 || isObserved) return undefined;
  return asked ? `It can be granted none of ${asked.join(', ')}.` : 'It is granted no scope of this server.';
}

const toOperation = ({ method, target, arguments: values }: SimulateDto['operation']): Operation => ({
  method,
  ...(target === undefined ? {} : { target }),
  ...(values === undefined ? {} : { arguments: values }),
});

const NO_TOKEN = (reason: string) =>
  ({ decision: 'no_token', reason, scope: null, permission: null, missingScopes: [], unmet: [] }) as const;

type Explained = Omit<Explanation, 'decision'> & Pick<SimulationDto, 'decision'>;

const toSimulation = (explained: Explained, { scopes, observed }: { scopes: readonly string[]; observed: boolean }): SimulationDto => ({
  ...explained,
  reason: observed ? `In observe mode it is allowed. Otherwise: ${explained.reason}` : explained.reason,
  allowed: observed || explained.decision === 'allowed',
  unmet: [...explained.unmet],
  scopes,
  status: null,
  challenge: null,
  observed,
});

/** What the caller would read. What is allowed or hidden is answered by the upstream, or as by one. */
function answerTo({ decision, missingScopes }: Explanation, server: ServerState, { settings }: Credential): Partial<SimulationDto> {
  if (decision === 'arguments_refused') return { status: 200 };
  if (decision !== 'insufficient_scope') return {};
  const { status, headers } = insufficientScope(server, missingScopes, '', settings?.dpopRequired ? 'DPoP' : 'Bearer');
  return { status, challenge: headers['www-authenticate'] ?? null };
}

interface Found {
  readonly server: ServerState;
  readonly catalog: Catalog;
  readonly problems: PlainProblem[];
}

function toAccess({ server, catalog, problems }: Found, holding: Holding): ServerAccessDto {
  const offers = LIST_NAMES.map((name) => catalog[name]?.items ?? []);
  const lists = LIST_NAMES.map((name, i) =>
    (offers[i] ?? []).flatMap((offer) => toItem(offer, { operation: LISTS[name].operation, server, ...holding })),
  );
  const [tools = [], prompts = [], resources = [], resourceTemplates = []] = lists;
  const count = (all: readonly (readonly unknown[])[]): number => all.reduce((total, list) => total + list.length, 0);
  return {
    ...nothing(server),
    scopes: holding.grantable,
    defaultScopes: holding.implied,
    tools,
    prompts,
    resources,
    resourceTemplates,
    hidden: count(offers) - count(lists),
    isCut: LIST_NAMES.some((name) => catalog[name]?.isCut),
    problems: dedupe(problems),
  };
}

interface ItemParts extends Holding {
  readonly operation: string;
  readonly server: ServerState;
}

function toItem(
  { name, title }: { name: string; title: string | null },
  { operation, server, grantable, implied, ...own }: ItemParts,
): AccessItemDto[] {
  const asked = { method: operation, target: name };
  if (!isWithin(asked, own)) return [];
  const given = findCover(asked, server, implied);
  const cover = given ?? findCover(asked, server, grantable);
  return cover ? [{ name, title, ...cover, byDefault: given !== undefined }] : [];
}

const nothing = ({ slug, name, resource }: Pick<ServerState, 'slug' | 'name' | 'resource'>, problem?: PlainProblem): ServerAccessDto => ({
  server: slug,
  name,
  resource,
  scopes: [],
  defaultScopes: [],
  permissions: null,
  tools: [],
  prompts: [],
  resources: [],
  resourceTemplates: [],
  hidden: 0,
  isCut: false,
  problems: problem ? [problem] : [],
});

const dedupe = (problems: readonly PlainProblem[]): PlainProblem[] => [
  ...new Map(problems.map((problem) => [problem.message, problem])).values(),
];

const invalid = (field: string, message: string): ProblemError =>
  new ProblemError('validation_failed', `${field}: ${message}`, { errors: [{ field, message }] });
