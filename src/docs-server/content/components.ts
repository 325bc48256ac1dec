/** What stands in Markdown in the place of a component's tags. */
export interface Rendering {
  readonly before: string;
  readonly after: string;
}

/** The attributes of a component that are plain texts, and the names of those without a value. */
export type Attributes = ReadonlyMap<string, string>;

type Render = (attributes: Attributes) => string;

const NOTES: readonly string[] = ['Note', 'Warning', 'Tip', 'Info', 'Check', 'Danger', 'Callout'];
const TITLES: readonly string[] = ['title', 'label', 'alt', 'caption'];
const PLACES: readonly string[] = ['path', 'query', 'body', 'header'];

const bold = (text: string): string => (text === '' ? '' : `**${text}**`);

const firstOf = (attributes: Attributes, names: readonly string[]): string =>
  names.map((name) => attributes.get(name)?.trim() ?? '').find((text) => text !== '') ?? '';

function field(attributes: Attributes, names: readonly string[]): string {
  const place = PLACES.find((name) => names.includes(name) && attributes.has(name));
  const name = firstOf(attributes, names);
  const fallback = attributes.get('default');
  const facts = [
    attributes.get('type') ?? '',
    place ?? '',
    attributes.has('required') ? 'required' : '',
    attributes.has('deprecated') ? 'deprecated' : '',
    fallback ? `default: ${fallback}` : '',
  ].filter((fact) => fact !== '');
  return name === '' ? '' : `**\`${name}\`**${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

function linked(attributes: Attributes): string {
  const title = firstOf(attributes, TITLES);
  const target = attributes.get('href') ?? '';
  return title !== '' && /^[^\s()<>]+$/.test(target) ? `[${bold(title)}](${target})` : bold(title);
}

const RENDERERS: ReadonlyMap<string, Render> = new Map<string, Render>([
  ['Card', linked],
  ['LinkCard', linked],
  ['Tile', linked],
  ['ParamField', (attributes) => field(attributes, PLACES)],
  ['ResponseField', (attributes) => field(attributes, ['name'])],
  ['Property', (attributes) => field(attributes, ['name'])],
  ...NOTES.map((name): [string, Render] => [
    name,
    (attributes) => `${bold(name === 'Callout' ? firstOf(attributes, TITLES) || 'Note' : name)}:`,
  ]),
]);

/** Of a component the reader sees what stands in it, its title, and what kind of note or parameter it is. */
export function renderBlock(name: string, attributes: Attributes): Rendering {
  const render = RENDERERS.get(name) ?? ((given: Attributes) => bold(firstOf(given, TITLES)));
  const shown = render(attributes);
  return { before: shown === '' ? '' : `${shown}\n\n`, after: '' };
}

/** The same within a line. */
export function renderInline(name: string, attributes: Attributes): Rendering {
  if (name === 'br') return { before: '\n', after: '' };
  if (name === 'code') return { before: '`', after: '`' };
  const shown = firstOf(attributes, TITLES);
  return { before: shown === '' ? '' : `${shown} `, after: '' };
}
