interface Route {
  readonly method: string;
  readonly pattern: RegExp;
}

/** Which methods are offered where, so that a wrong method gets 405 with `Allow` (RFC 9110 §15.5.6) instead of 404. */
export class RouteTable {
  private readonly routes: Route[] = [];

  add(method: string | readonly string[], url: string): void {
    if (url === '*' || url.endsWith('/*')) return;
    const source = url
      .split('/')
      .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/');
    for (const one of [method].flat()) this.routes.push({ method: one, pattern: new RegExp(`^${source}$`) });
  }

  methodsAt(path: string): string[] {
    return [...new Set(this.routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort();
  }
}
