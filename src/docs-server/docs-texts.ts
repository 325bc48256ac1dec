import { createHash } from 'node:crypto';
import type { Reader } from './content/access.js';
import type { DocsLibrary } from './docs-library.js';
import type { StoredSkill } from './index/store.js';

const ANYONE: Reader = { audience: 'public', groups: [] };
/** Beyond this nobody reads a documentation whole. */
const MAX_FULL_BYTES = 5 * 1024 * 1024;
const MAX_LISTED = 10_000;
/** The limit of the agent skills specification. */
const MAX_SKILL_DESCRIPTION = 1024;

export interface PublishedSkill {
  readonly name: string;
  readonly description: string;
  /** `sha256:` and the digest of the very bytes that are served, in hexadecimal. */
  readonly digest: string;
}

export interface DocsTextsOptions {
  readonly library: DocsLibrary;
  readonly name: string;
  /** Where a page can be read. */
  readonly linkTo: (path: string) => string;
}

/** What a documentation publishes of itself as plain files: `llms.txt`, `llms-full.txt`, skills. Public content only. */
export class DocsTexts {
  private readonly made = new Map<string, { readonly revision: number; readonly text: string }>();

  constructor(private readonly options: DocsTextsOptions) {}

  /** A list of the pages, for agents. */
  get llms(): string {
    return this.once('llms', () => {
      const { library, linkTo } = this.options;
      const pages = library.list(ANYONE, MAX_LISTED).map(({ path, title, description }) => {
        return `- [${title.replace(/[[\]]/g, ' ')}](${linkTo(path)})${description ? `: ${description}` : ''}`;
      });
      return `${this.heading}\n## Docs\n\n${pages.join('\n')}\n`;
    });
  }

  /** The pages themselves, one after the other, as far as they fit. */
  get llmsFull(): string {
    return this.once('full', () => {
      const { library, linkTo } = this.options;
      let text = this.heading;
      for (const { title, path, body } of library.pages(ANYONE)) {
        const part = `\n# ${title}\n\nSource: ${linkTo(path)}\n\n${body.trim()}\n`;
        if (text.length + part.length > MAX_FULL_BYTES)
          return `${text}\n(Cut here: the rest is too long. Read it page by page, or search it.)\n`;
        text += part;
      }
      return text;
    });
  }

  /** One page. */
  page(path: string): string | undefined {
    const page = this.options.library.find(path, ANYONE);
    if (!page) return undefined;
    const body = page.body.trim();
    return `${body.startsWith('# ') ? '' : `# ${page.title}\n\n`}${body}\n`;
  }

  get skills(): PublishedSkill[] {
    return this.options.library.skills(ANYONE).map(({ name, description, text }) => ({
      name,
      description: description.slice(0, MAX_SKILL_DESCRIPTION),
      digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    }));
  }

  skill(name: string): StoredSkill | undefined {
    return this.options.library.skills(ANYONE).find((skill) => skill.name === name);
  }

  private get heading(): string {
    const { library, name } = this.options;
    return `# ${name}\n${library.description ? `\n> ${library.description}\n` : ''}`;
  }

  /** Made anew only when something has changed. */
  private once(name: string, make: () => string): string {
    const { revision } = this.options.library;
    const known = this.made.get(name);
    if (known?.revision === revision) return known.text;
    const text = make();
    this.made.set(name, { revision, text });
    return text;
  }
}
