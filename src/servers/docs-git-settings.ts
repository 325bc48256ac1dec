import { folderIn, isBranchName } from '../docs-server/git/git-source.js';
import { invalidField } from './invalid-field.js';
import type { DocsRepositoryAuthDto, DocsRepositoryDto } from './upstream.dto.js';
import type { DocsGitSettings, UpstreamSecrets } from './upstream.js';

/** A repository, and the secret that its host is signed in to with. */
export interface GitParts {
  readonly git: DocsGitSettings;
  readonly secrets: Pick<UpstreamSecrets, 'token'>;
}

const DEFAULT_USERNAME = 'git';

/**
 * A repository after a change. What is absent stays, `null` takes away. The token stays with its host: for another one it must be
 * written again, or whoever may change a server could send it to himself.
 * @throws {ProblemError} `validation_failed` for a repository that cannot be had.
 */
export function changeGit(present: GitParts | undefined, input: DocsRepositoryDto, checkUrl: (url: string) => URL): GitParts {
  const git = mergeGit(present?.git, input);
  const { origin } = checkRepository(git.url, checkUrl);
  if (git.branch !== undefined && !isBranchName(git.branch)) {
    throw invalidField('upstream.git.branch', 'That is no name of a branch or a tag.');
  }
  if (folderIn(git.path) === undefined) throw invalidField('upstream.git.path', 'It leads out of the repository.');
  const stays = present !== undefined && new URL(present.git.url).origin === origin;
  const { auth, secrets } = changeSignIn(present, input.auth, stays);
  return { git: auth ? { ...git, auth } : git, secrets };
}

function mergeGit(before: DocsGitSettings | undefined, { auth: _, ...input }: DocsRepositoryDto): DocsGitSettings {
  const { auth: _known, ...known } = before ?? {};
  const said: [string, unknown][] = Object.entries(input);
  const changed = Object.fromEntries(said.filter(([, value]) => value !== undefined));
  const merged: [string, unknown][] = Object.entries({ ...known, ...changed });
  const settings = Object.fromEntries(merged.filter(([, value]) => value !== null)) as Partial<DocsGitSettings>;
  if (settings.url === undefined) throw invalidField('upstream.git.url', 'A repository needs a url.');
  return { ...settings, url: settings.url };
}

function checkRepository(text: string, checkUrl: (url: string) => URL): URL {
  let url: URL;
  try {
    url = checkUrl(text);
  } catch (error) {
    throw invalidField('upstream.git.url', `It cannot be used: ${(error as Error).message}. Tokens belong into auth.`);
  }
  // Shown, logged and recorded as it is; hosts of repositories ask for none.
  if (url.search !== '') throw invalidField('upstream.git.url', 'It may not have a query.');
  return url;
}

interface SignIn {
  readonly auth: DocsGitSettings['auth'];
  readonly secrets: GitParts['secrets'];
}

function changeSignIn(present: GitParts | undefined, said: DocsRepositoryAuthDto | null | undefined, stays: boolean): SignIn {
  const known = present?.git.auth;
  if (said)
    return { auth: { username: said.username ?? known?.username ?? DEFAULT_USERNAME }, secrets: { token: tokenOf(present, said, stays) } };
  if (said === null || !known) return { auth: undefined, secrets: {} };
  if (!stays) {
    throw invalidField('upstream.git.auth', 'The host changes: say how to sign in there, with the token. It does not move along.');
  }
  return { auth: known, secrets: present.secrets };
}

function tokenOf(present: GitParts | undefined, said: DocsRepositoryAuthDto, stays: boolean): string {
  const token = said.token ?? (stays ? present?.secrets.token : undefined);
  if (token !== undefined) return token;
  throw invalidField('upstream.git.auth.token', 'A token is needed. It does not move along to another host: write it again.');
}
