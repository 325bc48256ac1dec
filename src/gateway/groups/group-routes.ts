import type { Caller } from '../../protocol/exchange.js';
import { MCP_CODE, McpError } from '../../protocol/mcp-error.js';
import type { JsonObject } from '../message-shape.js';
import { RemoteError } from '../upstream-call.js';
import { type GroupCatalog, type Known, type ListKind, PROMPTS, RESOURCES, TEMPLATES, TOOLS } from './group-catalog.js';
import { publicNameOf } from './group-lists.js';
import type { Member } from './group-member.js';
import { matchesTemplate } from './uri-template.js';

/** Where a name belongs changes seldom: whom to ask may be known from a list of this age. */
const ROUTE_AGE_MS = 60_000;
/** Members that are asked one after another for a resource that none has listed. */
const MAX_TRIED = 10;

type Owners = readonly Member[] & { readonly isCertain: boolean };

/** Whom a request of a group's is for. */
export class GroupRoutes {
  constructor(
    private readonly members: readonly Member[],
    private readonly catalog: GroupCatalog,
  ) {}

  toolOwner(name: string, caller: Caller): Promise<Member> {
    return this.nameOwner(TOOLS, name, caller);
  }

  promptOwner(name: string, caller: Caller): Promise<Member> {
    return this.nameOwner(PROMPTS, name, caller);
  }

  /** The members that may have a resource, the likeliest first. @throws {RemoteError} where two list it. */
  async resourceOwners(uri: string, caller: Caller): Promise<readonly Member[]> {
    const likely = await this.likelyResourceOwners(uri, caller);
    const others = this.members.filter((member) => !likely.includes(member));
    return likely.isCertain ? likely : [...likely, ...others].slice(0, MAX_TRIED);
  }

  /** The member that lists a resource, which is then certain, or those with a template for it. @throws {RemoteError} where two list it. */
  async likelyResourceOwners(uri: string, caller: Caller): Promise<Owners> {
    if (this.members.length === 1) return Object.assign([...this.members], { isCertain: true });
    const listing = ownersOf(await this.catalog.getAll(this.members, RESOURCES, caller, ROUTE_AGE_MS), RESOURCES, uri);
    if (listing.length > 1) throw clash('resource', uri, listing);
    if (listing.length === 1) return Object.assign(listing, { isCertain: true });
    const templates = await this.catalog.getAll(this.members, TEMPLATES, caller, ROUTE_AGE_MS);
    const matching = templates.filter(({ remembered }) =>
      remembered?.entries.some((entry) => matchesTemplate(String(entry['uriTemplate']), uri)),
    );
    return Object.assign(
      matching.map(({ member }) => member),
      { isCertain: false },
    );
  }

  /** The member with a template, for completion. */
  async templateOwner(template: string, caller: Caller): Promise<Member> {
    if (this.members.length === 1 && this.members[0]) return this.members[0];
    return single('resource template', template, await this.catalog.getAll(this.members, TEMPLATES, caller, ROUTE_AGE_MS), TEMPLATES);
  }

  private async nameOwner(kind: ListKind, name: string, caller: Caller): Promise<Member> {
    const what = kind === TOOLS ? 'tool' : 'prompt';
    const candidates = this.members.filter((member) => member.ownName(name) !== undefined);
    const [only] = candidates;
    if (!only) throw unknown(what, name);
    if (candidates.length === 1) return only;
    const known = await this.catalog.getAll(candidates, kind, caller, ROUTE_AGE_MS);
    // A list may be a minute old: what is not in it is looked for once more.
    if (ownersOf(known, kind, name).length > 0) return single(what, name, known, kind);
    return single(what, name, await this.catalog.getAll(candidates, kind, caller), kind);
  }
}

const ownersOf = (known: readonly Known[], kind: ListKind, name: string): Member[] =>
  known
    .filter(({ member, remembered }) => remembered?.entries.some((entry) => publicNameOf(member, kind, entry) === name))
    .map(({ member }) => member);

function single(what: string, name: string, known: readonly Known[], kind: ListKind): Member {
  const owners = ownersOf(known, kind, name);
  if (owners.length > 1) throw clash(what, name, owners);
  const [owner] = owners;
  if (owner) return owner;
  const away = known.filter(({ remembered }) => !remembered).map(({ member }) => member.slug);
  if (away.length === 0) throw unknown(what, name);
  throw new McpError(502, MCP_CODE.internalError, `It is not known which server has it: ${away.join(', ')} cannot be reached.`);
}

const unknown = (what: string, name: string): RemoteError => invalidParams(`Unknown ${what}: ${name.slice(0, 200)}`);

function clash(what: string, name: string, owners: readonly Member[]): RemoteError {
  const servers = owners.map(({ slug }) => slug);
  const remedy = what === 'tool' || what === 'prompt' ? ' An administrator can give one of them a prefix.' : '';
  return invalidParams(`The ${what} ${name.slice(0, 200)} is of several servers: ${servers.join(', ')}.${remedy}`, { servers });
}

const invalidParams = (message: string, data?: JsonObject): RemoteError => new RemoteError({ code: MCP_CODE.invalidParams, message, data });
