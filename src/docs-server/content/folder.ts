import { readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { splitFrontMatter } from './front-matter.js';
import { type Manifest, type NavigationEntry, NO_MANIFEST, parseManifest, type Specification } from './manifest.js';
import { type ApiOperation, readSpecification } from './openapi.js';
import { pathOf } from './page-path.js';
import { type FileRead, IGNORE_FILE, MAX_PAGES, readFileOf, scanFolder, SKILL_FOLDERS, versionOf } from './read-folder.js';
import type { Access } from './access.js';

/** Something that may become a page: a file, or an operation of a specification. */
export interface Source {
  /** The file; for an operation the specification's, and its name. */
  readonly id: string;
  readonly path: string;
  /** What tells one state of it from the next, its place in the navigation included. */
  readonly version: string;
  /** For lists: by place, then by path. */
  readonly place: number;
  readonly entry: NavigationEntry | undefined;
  readonly operation?: ApiOperation;
}

export interface Skill {
  readonly name: string;
  readonly description: string;
  readonly access: Access;
  readonly groups: readonly string[];
  /** As it stands in its file. */
  readonly text: string;
}

/** What a folder holds, as of one look at it. */
export interface FolderPlan {
  readonly files: readonly Source[];
  readonly operations: readonly Source[];
  readonly manifest: Manifest;
  readonly synonyms: string;
  readonly skills: readonly Skill[];
  /** What is wrong, by what it is wrong with; the manifest under its own name. */
  readonly faults: ReadonlyMap<string, string>;
}

const MANIFESTS = ['docs.json', 'mint.json'] as const;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_SKILLS = 100;
const MAX_SKILL_BYTES = 1024 * 1024;
/** After everything that has a place in the navigation. */
const LAST_PLACE = 1_000_000;
const SKILL_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

interface Known<T> {
  readonly version: string;
  readonly value: T;
  readonly fault: string | undefined;
}

export interface FolderOptions {
  readonly dir: string;
  /** The last manifest that could be read, by an earlier process. */
  readonly lastManifest?: string | undefined;
  readonly keepManifest: (json: string) => void;
  /** Told before a specification is read; false for one that once took too long. */
  readonly mayRead: (file: string, version: string) => boolean;
}

/** Looks at a folder of documentation: which files are pages, and what its manifest, specifications, synonyms and skills say. */
export class Folder {
  private manifest: Known<Manifest> | undefined;
  private lastGood: Manifest = NO_MANIFEST;
  private readonly specifications = new Map<string, Known<readonly ApiOperation[]>>();
  private readonly versions = new Map<string, string>();

  private readonly dir: string;

  constructor(private readonly options: FolderOptions) {
    this.dir = options.dir;
    if (options.lastManifest !== undefined) this.lastGood = parseManifest(options.lastManifest);
  }

  look(): FolderPlan {
    this.versions.clear();
    const faults = new Map<string, string>();
    const manifest = this.readManifest(faults);
    const rules = this.readIgnoreRules(faults);
    const isWanted = (path: string, isFolder: boolean): boolean => !rules?.ignores(isFolder ? `${path}/` : path);
    const scan = scanFolder(this.dir, isWanted);
    for (const [path, fault] of scan.faults) faults.set(path, fault);
    const files = [...scan.versions].flatMap(([file, version]) => this.toSource(file, version, manifest));
    return {
      files,
      operations: this.operationsOf(manifest, faults).slice(0, Math.max(0, MAX_PAGES - files.length)),
      manifest,
      synonyms: this.readOptional('synonyms.txt', faults),
      skills: this.readSkills(faults),
      faults,
    };
  }

  read(file: string): FileRead {
    return readFileOf(this.dir, file);
  }

  /** The version of any file of the folder, as of this look. */
  versionOf(file: string): string {
    const known = this.versions.get(file) ?? versionOf(join(this.dir, file));
    this.versions.set(file, known);
    return known;
  }

  /** The operations of a specification, and what is wrong with it. */
  specification(file: string): Known<readonly ApiOperation[]> {
    const version = this.versionOf(file);
    const known = this.specifications.get(file);
    if (known?.version === version) return known;
    const isRead = version === '' || this.options.mayRead(file, version);
    const read = { version, ...(isRead ? this.readSpecification(file) : { value: [], fault: 'takes too long to be read' }) };
    this.specifications.set(file, read);
    return read;
  }

  /** The files of the specifications that the manifest names. */
  get specificationFiles(): readonly string[] {
    return (this.manifest?.value.specifications ?? []).flatMap((specification) => fileOf(specification) ?? []);
  }

  private readManifest(faults: Map<string, string>): Manifest {
    const file = MANIFESTS.find((name) => this.versionOf(name) !== '') ?? MANIFESTS[0];
    const version = `${file} ${this.versionOf(file)}`;
    if (this.manifest?.version !== version) this.manifest = { version, ...this.parseManifest(file) };
    if (this.manifest.fault !== undefined) faults.set(file, this.manifest.fault);
    return this.manifest.value;
  }

  /** While the file is broken, the last good one goes on to say what is public and what is served at all. */
  private parseManifest(file: string): Omit<Known<Manifest>, 'version'> {
    const { text, fault } = readFileOf(this.dir, file, MAX_MANIFEST_BYTES);
    if (text === undefined && fault === undefined) return { value: (this.lastGood = NO_MANIFEST), fault: undefined };
    try {
      if (text === undefined) throw new Error(fault);
      this.lastGood = parseManifest(text);
      this.options.keepManifest(text);
      return { value: this.lastGood, fault: undefined };
    } catch (error) {
      return {
        value: this.lastGood,
        fault: `cannot be used (${(error as Error).message.slice(0, 200)}); the last good one stays in force`,
      };
    }
  }

  private readIgnoreRules(faults: Map<string, string>): Ignore | undefined {
    const text = this.readOptional(IGNORE_FILE, faults);
    return text.trim() === '' ? undefined : ignore().add(text);
  }

  private readOptional(file: string, faults: Map<string, string>): string {
    if (this.versionOf(file) === '') return '';
    const { text = '', fault } = readFileOf(this.dir, file, MAX_MANIFEST_BYTES);
    if (fault !== undefined) faults.set(file, fault);
    return text;
  }

  private toSource(file: string, version: string, { pages, indexesAll }: Manifest): Source[] {
    const path = pathOf(file);
    const entry = pages?.get(path);
    // Where there is a navigation, snippets are pieces of pages.
    if (pages && !entry && (!indexesAll || file.startsWith('snippets/'))) return [];
    return [{ id: file, path, version: `${version} ${stampOf(entry)}`, place: entry?.order ?? LAST_PLACE, entry }];
  }

  private operationsOf({ specifications }: Manifest, faults: Map<string, string>): Source[] {
    return specifications.flatMap((specification) => {
      const file = fileOf(specification);
      if (file === undefined) {
        faults.set(specification.source, 'is no file of the folder; specifications are not fetched');
        return [];
      }
      const { version, value, fault } = this.specification(file);
      if (fault !== undefined) faults.set(file, fault);
      return value.map((operation) => ({
        id: `${file}#${operation.name}`,
        path: posix.join(specification.directory, operation.path),
        version: `${version} ${stampOf(specification.entry)}`,
        place: specification.entry.order,
        entry: specification.entry,
        operation,
      }));
    });
  }

  private readSpecification(file: string): Omit<Known<readonly ApiOperation[]>, 'version'> {
    const { text, fault } = readFileOf(this.dir, file);
    if (text === undefined) return { value: [], fault: fault ?? 'is missing, and the navigation names it' };
    try {
      return { value: readSpecification(text), fault: undefined };
    } catch (error) {
      return { value: [], fault: `cannot be used (${((error as Error).message.split('\n', 1)[0] ?? '').slice(0, 200)})` };
    }
  }

  private readSkills(faults: Map<string, string>): Skill[] {
    const files = ['skill.md', 'SKILL.md', ...SKILL_FOLDERS.flatMap((folder) => this.skillFilesIn(folder))];
    const skills = new Map<string, Skill>();
    for (const file of files.filter((name) => this.versionOf(name) !== '').slice(0, MAX_SKILLS)) {
      const { text, fault } = readFileOf(this.dir, file, MAX_SKILL_BYTES);
      if (fault !== undefined) faults.set(file, `${fault}; it is left out`);
      if (text === undefined) continue;
      const skill = toSkill(file, text);
      if (typeof skill === 'string') faults.set(file, skill);
      else if (!skills.has(skill.name)) skills.set(skill.name, skill);
    }
    return [...skills.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private skillFilesIn(folder: string): string[] {
    try {
      const names = readdirSync(join(this.dir, folder)).sort().slice(0, MAX_SKILLS);
      return names.flatMap((name) => ['SKILL.md', 'skill.md'].map((file) => `${folder}/${name}/${file}`));
    } catch {
      // There is no such folder: most have none.
      return [];
    }
  }
}

/** A skill, or what keeps it from being one (agentskills.io: name and description). */
function toSkill(file: string, text: string): Skill | string {
  const { meta, fault } = splitFrontMatter(text);
  const folder = file.split('/').at(-2);
  const name = meta.name ?? folder ?? '';
  if (fault !== undefined) return `${fault}; the skill is left out`;
  if (!SKILL_NAME.test(name) || name.length > 64) return 'needs a name of lower case letters, digits and hyphens; the skill is left out';
  if (!meta.description) return 'needs a description; the skill is left out';
  return { name, description: meta.description, access: meta.access, groups: meta.groups, text };
}

/** The file of a specification; undefined for what is none of the folder's. */
function fileOf({ source }: Specification): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(source)) return undefined;
  const path = posix.normalize(source.replace(/^\/+/, ''));
  return path === '..' || path.startsWith('../') ? undefined : path;
}

const stampOf = (entry: NavigationEntry | undefined): string => (entry ? JSON.stringify(entry) : '');
