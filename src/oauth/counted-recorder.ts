import { Tallies } from '../common/tally.js';
import type { OAuthError } from '../protocol/oauth-error.js';
import type { Grant } from './grants/grant.js';
import type { Issue, TokenRecorder } from './token-endpoint.js';

/** Stands for whatever a client calls a grant that there is not. */
const OTHER = 'other';
const ISSUED = 'issued';

/** Requests to the token endpoint by grant and by what became of them: `issued`, or the code of the error. */
export class TokenCounts {
  private readonly byGrant = new Map<string, Tallies>();

  add(grant: string, outcome: string): void {
    const known = this.byGrant.get(grant);
    if (known) return known.add(outcome);
    const tallies = new Tallies();
    tallies.add(outcome);
    this.byGrant.set(grant, tallies);
  }

  get all(): readonly { readonly grant: string; readonly outcome: string; readonly count: number }[] {
    return [...this.byGrant].flatMap(([grant, tallies]) => tallies.entries.map(([outcome, count]) => ({ grant, outcome, count })));
  }
}

/** Counts what another recorder takes note of. */
export class CountedRecorder implements TokenRecorder {
  private readonly grants: ReadonlySet<string>;

  constructor(
    private readonly recorder: TokenRecorder,
    private readonly counts: TokenCounts,
    grants: readonly Pick<Grant, 'type'>[],
  ) {
    this.grants = new Set(grants.map(({ type }) => type));
  }

  issued(issue: Issue): void {
    this.counts.add(issue.grantType, ISSUED);
    this.recorder.issued(issue);
  }

  refused(error: OAuthError, ...[request, form, proved]: Rest): void {
    const asked = form?.get('grant_type') ?? '';
    this.counts.add(this.grants.has(asked) ? asked : OTHER, error.status === 429 ? 'limited' : error.code);
    this.recorder.refused(error, request, form, proved);
  }
}

type Rest = Parameters<TokenRecorder['refused']> extends [OAuthError, ...infer R] ? R : never;
