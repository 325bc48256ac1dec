const INDEX = 'index';

/** The path that a file is known by: no extension, and an index stands for its folder. */
export function pathOf(file: string): string {
  const path = file.replaceAll('\\', '/').replace(/\.(md|mdx|markdown)$/i, '');
  const folder = path.replace(/(^|\/)(index|readme)$/i, '');
  return folder === '' ? INDEX : folder;
}

/** Where Gatehouse itself serves a page as Markdown, below its own URL. */
export const markdownLinkOf = (path: string): string => `/docs/${path.split('/').map(encodeURIComponent).join('/')}.md`;

/** Where a page stands on its site, relative to the documentation's root. */
export function linkOf(path: string, slug = ''): string {
  const address = path === INDEX ? '' : path.split('/').map(encodeURIComponent).join('/');
  return `/${address}${slug ? `#${slug}` : ''}`;
}
