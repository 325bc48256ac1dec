import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { PASSWORD, type TestGatehouse } from './gatehouse.js';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('policy violated: ' + event.violatedDirective + ' by ' + event.blockedURI));`;
const PATIENCE_MS = 20_000;

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 900 };

export interface View {
  readonly scheme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
}

interface Entrance extends View {
  readonly user?: string;
  readonly password?: string;
  /** Another browser, signed in by its form, instead of another tab of the one that the first owner signed in with. */
  readonly isElsewhere?: boolean;
}

/** The real dashboard of a real server, in a real browser. Notes everything that must never happen. */
export class Dashboard {
  private readonly faults: string[] = [];
  private readonly contexts: BrowserContext[] = [];
  /** The browser in which the first owner is signed in: what was loaded once need not be loaded again. */
  private home: Promise<BrowserContext> | undefined;

  private constructor(
    private readonly browser: Browser,
    readonly gatehouse: TestGatehouse,
  ) {}

  /** Where no browser starts, the server does not stay behind: the run would never end. */
  static async open(gatehouse: TestGatehouse): Promise<Dashboard> {
    try {
      const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ARGUMENTS });
      return new Dashboard(browser, gatehouse);
    } catch (error) {
      await gatehouse.remove();
      throw error;
    }
  }

  url(path: string): string {
    return `${this.gatehouse.url}/dashboard${path}`;
  }

  /** A page of a fresh browser, in which nobody is signed in. */
  async visit(path: string, view: View = {}): Promise<Page> {
    const context = await this.newContext();
    this.contexts.push(context);
    return this.openPage(context, path, view);
  }

  /** A page with somebody signed in. */
  async enter(path: string, { isElsewhere = false, user, password = PASSWORD, ...view }: Entrance = {}): Promise<Page> {
    const isHome = user === undefined && !isElsewhere;
    const page = isHome ? await this.openPage(await (this.home ??= this.newContext()), path, view) : await this.visit(path, view);
    const shell = page.locator('.gh-shell');
    await shell
      .or(page.getByRole('heading', { name: 'Sign in' }))
      .first()
      .waitFor();
    if ((await shell.count()) === 0) await signIn(page, user ?? 'admin', password);
    await shell.waitFor();
    return page;
  }

  private async newContext(): Promise<BrowserContext> {
    const context = await this.browser.newContext({ reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'] });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript({ content: TELL_VIOLATIONS });
    return context;
  }

  private async openPage(context: BrowserContext, path: string, view: View): Promise<Page> {
    const page = await context.newPage();
    await page.setViewportSize({ ...(view.viewport ?? DESK) });
    await page.emulateMedia({ colorScheme: view.scheme ?? 'light', reducedMotion: 'reduce' });
    page.on('pageerror', (error) => this.faults.push(`threw: ${error.message}`));
    page.on('console', (message) => {
      if (/policy/i.test(message.text())) this.faults.push(message.text());
    });
    page.on('request', (request) => {
      const isOutside = new URL(request.url()).origin !== this.gatehouse.url && !/^(data|blob):/.test(request.url());
      if (isOutside) this.faults.push(`outside: ${request.url()}`);
    });
    await page.goto(this.url(path));
    return page;
  }

  /** Scripts that threw, policies that were violated, requests that left the house, since this was last asked. */
  takeFaults(mayVisit?: string): string[] {
    const found = this.faults.splice(0);
    return mayVisit === undefined ? found : found.filter((fault) => !fault.startsWith(`outside: ${mayVisit}/`));
  }

  /** Closes every page; what was chosen in it, such as the appearance, is not for the next test. */
  async leave(): Promise<void> {
    const pages = (await this.home)?.pages() ?? [];
    await pages[0]?.evaluate('localStorage.clear()');
    await Promise.all([...pages.map((page) => page.close()), ...this.contexts.splice(0).map((context) => context.close())]);
  }

  async close(): Promise<void> {
    await this.leave();
    await this.browser.close();
  }
}

export async function signIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(user);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Waits until nothing moves any more: half-way through a fade, colours are no colours of ours. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(`new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))`);
  await page.evaluate(`Promise.all(document.getAnimations()
    .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
    .map((animation) => animation.finished.catch(() => undefined))).then(() => undefined)`);
}

/** Changes what the system prefers, and waits until the page follows. */
export async function prefer(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor({ state: 'attached' });
}

/** What axe finds against WCAG 2.2 AA, in a line each; of colours alone where the rest was looked at already. */
export async function accessibilityFaults(page: Page, what: 'all' | 'contrast' = 'all'): Promise<string[]> {
  await atRest(page);
  // Its other mode opens a page for each run, to gather from frames of other origins; there are none here.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await (what === 'all' ? axe.withTags(RULES) : axe.withRules(['color-contrast'])).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
  );
}

/** Goes to another page of the dashboard as the browser's own buttons do, without loading everything again. */
export async function walkTo(page: Page, url: string): Promise<void> {
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(url)}); dispatchEvent(new PopStateEvent('popstate'));`);
}

/** How far the page is wider than its window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate<number>('Math.max(0, document.documentElement.scrollWidth - window.innerWidth)');
