import type { Answer } from './gatehouse.js';

export interface Visit extends Answer {
  /** Where the last redirect led to. */
  readonly url: string;
}

interface VisitInit {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** What a browser does between pages: keeps cookies by host, and follows redirects. */
export class TestBrowser {
  private readonly jar = new Map<string, Map<string, string>>();

  /** Sends one request as a page of ours would, and keeps the cookies that come with the answer. */
  async ask(url: string, { method, body, headers = {} }: VisitInit = {}): Promise<Visit> {
    const response = await fetch(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      redirect: 'manual',
      headers: {
        cookie: this.cookieHeader(url),
        'gatehouse-csrf': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    this.keep(url, response.headers.getSetCookie());
    const text = await response.text();
    const isJson = /\bjson/.test(response.headers.get('content-type') ?? '') && text !== '';
    const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { url, status: response.status, headers: response.headers, text, json };
  }

  /** Goes to a page and on with every redirect, up to where `stop` says; its last answer. */
  async go(start: string, stop: (url: string) => boolean = () => false): Promise<Visit> {
    let visit = await this.ask(start, { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } });
    for (let hops = 0; visit.status >= 300 && visit.status < 400; hops++) {
      if (hops > 20) throw new Error('Too many redirects');
      const url = new URL(visit.headers.get('location') ?? '', visit.url).href;
      if (stop(url)) return { ...visit, url };
      visit = await this.ask(url, { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } });
    }
    return visit;
  }

  cookies(url: string): ReadonlyMap<string, string> {
    return this.jar.get(new URL(url).hostname) ?? new Map<string, string>();
  }

  setCookie(url: string, name: string, value: string): void {
    const host = new URL(url).hostname;
    this.jar.set(host, new Map([...this.cookies(url), [name, value]]));
  }

  cookieHeader(url: string): string {
    return [...this.cookies(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private keep(url: string, setCookies: readonly string[]): void {
    const host = new URL(url).hostname;
    const cookies = new Map(this.jar.get(host));
    for (const header of setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      const isGone = /max-age=0\b/i.test(header) || /expires=Thu, 01 Jan 1970/i.test(header);
      if (isGone) cookies.delete(name);
      else cookies.set(name, value);
    }
    this.jar.set(host, cookies);
  }
}
