import { isObject, type JsonObject, lineOf, member } from './json-object.js';
import { pathOf } from './page-path.js';

/** What the navigation says of a page. */
export interface NavigationEntry {
  /** Its place, for lists in the order that people chose. */
  readonly order: number;
  /** Undefined where it stands in several versions, or in none: then it belongs to all. */
  readonly version?: string;
  readonly language?: string;
  /** `public: true` on what it stands in; a page may say otherwise. */
  readonly isPublic: boolean;
}

/** An OpenAPI file that becomes pages. */
export interface Specification {
  readonly source: string;
  /** The folder of its pages. */
  readonly directory: string;
  readonly entry: NavigationEntry;
}

/** What `docs.json` (or the older `mint.json`) says. */
export interface Manifest {
  readonly name?: string;
  readonly description?: string;
  /** The pages of the navigation, by path; undefined where there is none, and every file is a page. */
  readonly pages?: ReadonlyMap<string, NavigationEntry>;
  /** `seo.indexing: "all"`: pages outside of the navigation are pages too. */
  readonly indexesAll: boolean;
  readonly specifications: readonly Specification[];
}

export const NO_MANIFEST: Manifest = { indexesAll: true, specifications: [] };

const MAX_DEPTH = 30;
const MAX_ENTRIES = 100_000;
const MAX_SPECIFICATIONS = 100;
const CONTAINERS = ['languages', 'versions', 'products', 'tabs', 'anchors', 'dropdowns', 'menu', 'groups', 'pages'] as const;
const DEFAULT_DIRECTORY = 'api-reference';

/**
 * Reads a manifest.
 * @throws with the reason where it is none.
 */
export function parseManifest(json: string): Manifest {
  const manifest: unknown = JSON.parse(json.replace(/^\uFEFF/, ''));
  if (!isObject(manifest)) throw new Error('it holds no object');
  const name = lineOf(manifest['name'], 64);
  const description = lineOf(manifest['description']);
  const reader = new NavigationReader(member(manifest['seo'], 'indexing') === 'all');
  reader.read(manifest['navigation']);
  reader.addSpecifications(member(manifest['api'], 'openapi') ?? manifest['openapi'], {});
  return { ...(name ? { name } : {}), ...(description ? { description } : {}), ...reader.result() };
}

/** What containers hand down to what stands in them. */
interface Context {
  readonly version?: string;
  readonly language?: string;
  readonly isPublic?: boolean;
  readonly isHidden?: boolean;
}

class NavigationReader {
  private readonly pages = new Map<string, NavigationEntry>();
  private readonly specifications = new Map<string, Specification>();
  private count = 0;

  constructor(private readonly indexesAll: boolean) {}

  read(navigation: unknown): void {
    // In mint.json the navigation is the list of groups itself.
    this.visit(Array.isArray(navigation) ? { groups: navigation } : navigation, {}, 0);
  }

  result(): Pick<Manifest, 'pages' | 'indexesAll' | 'specifications'> {
    const specifications = [...this.specifications.values()];
    const hasNavigation = this.pages.size > 0 || specifications.length > 0;
    return { ...(hasNavigation ? { pages: this.pages } : {}), indexesAll: this.indexesAll || !hasNavigation, specifications };
  }

  addSpecifications(value: unknown, context: Context): void {
    for (const item of [value].flat()) {
      const source = lineOf(isObject(item) ? item['source'] : item);
      if (source === undefined || context.isHidden || this.specifications.size >= MAX_SPECIFICATIONS) continue;
      const directory = (lineOf(member(item, 'directory')) ?? DEFAULT_DIRECTORY).replace(/^\/+|\/+$/g, '');
      const key = `${source}\n${directory}`;
      if (!this.specifications.has(key)) this.specifications.set(key, { source, directory, entry: this.entryOf(context) });
    }
  }

  private visit(node: unknown, outer: Context, depth: number): void {
    if (depth > MAX_DEPTH || ++this.count > MAX_ENTRIES) throw new Error('its navigation is too large');
    if (typeof node === 'string') return this.addPage(node, outer);
    if (!isObject(node)) return;
    const context = contextOf(node, outer);
    if (node['openapi'] !== undefined) this.addSpecifications(node['openapi'], context);
    if (typeof node['root'] === 'string') this.addPage(node['root'], context);
    for (const name of CONTAINERS) {
      const children = node[name];
      if (Array.isArray(children)) for (const child of children) this.visit(child, context, depth + 1);
    }
  }

  private addPage(text: string, context: Context): void {
    // `GET /users` names an operation: those come from the specification.
    if (context.isHidden || text.length > 500 || /\s|^[a-z]+:/i.test(text)) return;
    const path = pathOf(text.replace(/^\/+|\/+$/g, ''));
    const entry = this.entryOf(context);
    const known = this.pages.get(path);
    this.pages.set(path, known ? merge(known, entry) : entry);
  }

  private entryOf({ version, language, isPublic = false }: Context): NavigationEntry {
    return { order: this.count, isPublic, ...(version ? { version } : {}), ...(language ? { language } : {}) };
  }
}

function contextOf(node: JsonObject, outer: Context): Context {
  const version = lineOf(node['version'], 64);
  const language = lineOf(node['language'], 64);
  return {
    ...outer,
    ...(version ? { version } : {}),
    ...(language ? { language } : {}),
    ...(typeof node['public'] === 'boolean' ? { isPublic: node['public'] } : {}),
    ...(node['hidden'] === true && node['searchable'] !== true ? { isHidden: true } : {}),
  };
}

/** A page that stands in two versions belongs to all; one that stands in two places is public only where both say so. */
function merge(one: NavigationEntry, other: NavigationEntry): NavigationEntry {
  return {
    order: one.order,
    isPublic: one.isPublic && other.isPublic,
    ...(one.version !== undefined && one.version === other.version ? { version: one.version } : {}),
    ...(one.language !== undefined && one.language === other.language ? { language: one.language } : {}),
  };
}
