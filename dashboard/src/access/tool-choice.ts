import type { components } from '../api/schema.js';
import { coversTool, describePermission, type Permission, patternOf, scopesCoverTool } from './permissions.js';

type Scope = components['schemas']['ServerScopeViewDto'];

/** What a credential in a form is given: scopes, and on some of its servers less than they give. */
export interface Choice {
  readonly servers: readonly string[];
  readonly hasDefaultScopes: boolean;
  readonly scopes: readonly string[];
  /** By slug. A server that is not named is not narrowed; an empty list is one from which nothing was chosen yet. */
  readonly permissions: Readonly<Record<string, readonly Permission[]>>;
}

type Scopes = Pick<Choice, 'hasDefaultScopes' | 'scopes'>;
export type Change = Partial<Pick<Choice, 'hasDefaultScopes' | 'scopes' | 'permissions'>>;

/** A server as it is chosen from. Its tools are undefined until they are known. */
export interface Offer {
  readonly slug: string;
  readonly scopes: readonly Scope[];
  readonly tools: readonly string[] | undefined;
}

/** What is chosen as a whole, besides tools. */
export const OTHERS = { resources: 'resources/read', prompts: 'prompts/get' } as const;
export type Other = (typeof OTHERS)[keyof typeof OTHERS];

export const heldScopes = ({ hasDefaultScopes, scopes }: Scopes, offer: Pick<Offer, 'scopes'>): readonly Scope[] =>
  offer.scopes.filter((scope) => (hasDefaultScopes ? scope.default : scopes.includes(scope.name)));

/** Whether it could call a tool, with some arguments: a scope gives it, and nothing narrows it away. */
export function mayCall(choice: Choice, offer: Pick<Offer, 'slug' | 'scopes'>, tool: string): boolean {
  const own = choice.permissions[offer.slug];
  return scopesCoverTool(heldScopes(choice, offer), tool) && (own === undefined || own.some((permission) => coversTool(permission, tool)));
}

const coversOther = (permission: Permission, method: Other): boolean =>
  ['*', method].includes(patternOf(permission)) || patternOf(permission).startsWith(`${method}:`);

/** Whether a scope that it holds gives any resource, or any prompt. */
export const isOtherGiven = (scopes: Scopes, offer: Pick<Offer, 'scopes'>, method: Other): boolean =>
  heldScopes(scopes, offer).some(({ permissions }) => permissions.some((permission) => coversOther(permission, method)));

export function mayUseOther(choice: Choice, offer: Pick<Offer, 'slug' | 'scopes'>, method: Other): boolean {
  const own = choice.permissions[offer.slug];
  return isOtherGiven(choice, offer, method) && (own === undefined || own.some((permission) => coversOther(permission, method)));
}

/** The scopes of a server that give a tool, the narrowest first. */
export function scopesFor({ scopes, tools = [] }: Offer, tool: string): readonly Scope[] {
  const width = ({ permissions }: Scope): number => tools.filter((one) => scopesCoverTool([{ permissions }], one)).length;
  return scopes
    .filter((scope) => scopesCoverTool([scope], tool))
    .map((scope) => ({ scope, width: width(scope) }))
    .sort((one, other) => one.width - other.width)
    .map(({ scope }) => scope);
}

/** What was asked for and what it is chosen from. */
export interface Question {
  readonly choice: Choice;
  readonly offer: Offer;
  /** All servers that are chosen: a scope's name may be that of several. */
  readonly offers: readonly Offer[];
}

/** Takes one tool away, and no other. */
export function withoutTool({ choice, offer }: Question, tool: string): Change {
  return withOwn(choice, offer.slug, withoutOne(ownOf(choice, offer), tool, offer.tools ?? []));
}

/** Gives one tool, with the narrowest scope that does where it holds none, and no other. */
export function withTool({ choice, offer, offers }: Question, tool: string): Change {
  const exact = `tools/call:${tool}`;
  const isHeld = scopesCoverTool(heldScopes(choice, offer), tool);
  const [narrowest] = isHeld ? [] : scopesFor(offer, tool);
  if (!isHeld && !narrowest) return {};
  const scopes = narrowest ? { hasDefaultScopes: false, scopes: [...namesOf(choice, offers), narrowest.name] } : {};
  const next = { ...choice, ...scopes };
  const isNarrowed = choice.permissions[offer.slug] !== undefined;
  const own = ownOf(choice, offer);
  const wanted = own.some((permission) => coversTool(permission, tool)) ? own : [...own, exact];
  const isJustThis = !isNarrowed && addsNothingElse(choice, next, offer, tool);
  const kept = keptElsewhere(choice, next, offers, offer.slug);
  const permissions = { ...choice.permissions, ...kept, ...(isJustThis ? {} : { [offer.slug]: wanted }) };
  return { ...scopes, permissions };
}

export function withoutOther({ choice, offer }: Question, method: Other): Change {
  const own = ownOf(choice, offer).flatMap((permission) => (patternOf(permission) === '*' ? wholesale(offer) : [permission]));
  return withOwn(
    choice,
    offer.slug,
    own.filter((permission) => !coversOther(permission, method)),
  );
}

export const withOther = ({ choice, offer }: Question, method: Other): Change =>
  withOwn(choice, offer.slug, [...ownOf(choice, offer), method]);

/** Nothing of a server, to begin choosing from. */
export const withNothing = ({ choice, offer }: Question): Change => withOwn(choice, offer.slug, []);

/** Whatever its scopes give, also what the server gets later. */
export function withAll({ choice, offer }: Question): Change {
  return { permissions: Object.fromEntries(Object.entries(choice.permissions).filter(([slug]) => slug !== offer.slug)) };
}

/** Other scopes: where single tools were chosen, those that a scope brings are ticked with it, and those that nothing gives any more are not. */
export function withScopes(choice: Choice, scopes: Scopes, offers: readonly Offer[]): Change {
  const permissions = Object.entries(choice.permissions).map(([slug, own]) => {
    const offer = offers.find((one) => one.slug === slug);
    return [slug, offer?.tools ? follow({ choice, offer, offers }, own, scopes) : own] as const;
  });
  return { ...scopes, permissions: Object.fromEntries(permissions) };
}

function follow({ choice, offer }: Question, own: readonly Permission[], scopes: Scopes): readonly Permission[] {
  const { tools = [] } = offer;
  const given = (by: Scopes, tool: string): boolean => scopesCoverTool(heldScopes(by, offer), tool);
  const gone = tools.filter((tool) => given(choice, tool) && !given(scopes, tool));
  const come = tools.filter((tool) => !given(choice, tool) && given(scopes, tool));
  const left = gone.reduce((kept, tool) => withoutOne(kept, tool, tools), own);
  return [...left, ...come.filter((tool) => !left.some((one) => coversTool(one, tool))).map((tool) => `tools/call:${tool}`)];
}

const withOwn = ({ permissions }: Choice, slug: string, own: readonly Permission[]): Change => ({
  permissions: { ...permissions, [slug]: unique(own) },
});

/** What narrows it on a server, or, where nothing does, permissions for just what its scopes give now. */
function ownOf(choice: Choice, offer: Offer): readonly Permission[] {
  const own = choice.permissions[offer.slug];
  return own ?? unique(heldScopes(choice, offer).flatMap(({ permissions }) => permissions));
}

/** A permission for every tool but one. What covers others too becomes one for each of these, with the same conditions. */
function withoutOne(own: readonly Permission[], tool: string, tools: readonly string[]): readonly Permission[] {
  return own.flatMap((permission): readonly Permission[] => {
    if (!coversTool(permission, tool)) return [permission];
    const left = tools.filter((one) => one !== tool && coversTool(permission, one)).map((one) => onlyFor(permission, one));
    return patternOf(permission) === '*' ? [...left, ...Object.values(OTHERS)] : left;
  });
}

const onlyFor = (permission: Permission, tool: string): Permission =>
  typeof permission === 'string' ? `tools/call:${tool}` : { ...permission, permission: `tools/call:${tool}` };

/** Everything, in parts. */
const wholesale = ({ tools = [] }: Offer): readonly Permission[] => [
  ...tools.map((tool) => `tools/call:${tool}`),
  ...Object.values(OTHERS),
];

/** Whether other scopes give this tool and nothing else besides. */
function addsNothingElse(before: Choice, after: Choice, offer: Offer, tool: string): boolean {
  const added = heldScopes(after, offer)
    .filter(({ name }) => !heldScopes(before, offer).some((held) => held.name === name))
    .flatMap(({ permissions }) => permissions);
  return added.every((permission) => patternOf(permission) === `tools/call:${tool}`);
}

/** Servers on which a scope of the same name would give more: there it stays as it was. */
function keptElsewhere(before: Choice, after: Choice, offers: readonly Offer[], but: string): Record<string, readonly Permission[]> {
  const grown = offers.filter(
    (offer) =>
      offer.slug !== but &&
      before.permissions[offer.slug] === undefined &&
      heldScopes(after, offer).some((scope) => !heldScopes(before, offer).includes(scope)),
  );
  return Object.fromEntries(grown.map((offer) => [offer.slug, ownOf(before, offer)]));
}

/** The scopes that it holds, by name. */
const namesOf = (choice: Choice, offers: readonly Offer[]): string[] =>
  choice.hasDefaultScopes ? [...new Set(offers.flatMap((offer) => heldScopes(choice, offer)).map(({ name }) => name))] : [...choice.scopes];

const unique = (permissions: readonly Permission[]): readonly Permission[] => [
  ...new Map(permissions.map((permission) => [JSON.stringify(permission), permission])).values(),
];

/** A list of permissions in words, in a line. */
export const describeOwn = (permissions: readonly Permission[]): string => permissions.map(describePermission).join(', ');
