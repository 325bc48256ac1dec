import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

/** A Git host with one repository, behind HTTP as any other. */
export interface GitHost {
  readonly url: string;
  /** Commits files on a branch. */
  commit(files: Readonly<Record<string, string>>, branch?: string): string;
  /** How often somebody asked for what there is. */
  readonly visits: number;
  /** From now on it serves only who signs in so (Basic). */
  protect(username: string, token: string): void;
  close(): Promise<void>;
}

export async function startGitHost(dir: string): Promise<GitHost> {
  const repository = join(dir, 'docs.git');
  mkdirSync(repository, { recursive: true });
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir, GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: repository, env, encoding: 'utf8', stdio: 'pipe' }).trim();
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Test');
  git('config', 'user.email', 'test@example.com');
  let visits = 0;
  let expected: string | undefined;
  const server = createServer((request, response) => {
    if (request.url?.includes('info/refs')) visits++;
    if (expected === undefined || request.headers.authorization === expected) serve(dir, request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/docs.git`,
    commit: (files, branch = 'main') => {
      git('checkout', '--quiet', '-B', branch);
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(repository, file)), { recursive: true });
        writeFileSync(join(repository, file), text);
      }
      git('add', '--all');
      git('commit', '--quiet', '--message=Change');
      return git('rev-parse', 'HEAD');
    },
    get visits() {
      return visits;
    },
    protect: (username, token) => {
      expected = `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What a web server does with `git http-backend` (CGI). */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const env = {
    PATH: process.env['PATH'] ?? '',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: path,
    QUERY_STRING: query,
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  };
  const child = spawn('git', ['http-backend'], { env });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const headers = Object.fromEntries(
      output
        .subarray(0, end)
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.split(/: */, 2) as [string, string]),
    );
    response.writeHead(Number.parseInt(headers['Status'] ?? '200', 10), headers);
    response.end(output.subarray(end + 4));
  });
}
