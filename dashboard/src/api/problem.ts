/** One fault of one field, as the admin API names it. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** The admin API refused: a problem document (RFC 9457) with its stable code. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    private readonly more: { readonly faults?: readonly FieldFault[]; readonly retryAfter?: number | undefined } = {},
  ) {
    super(message);
  }

  /** What is wrong with which field. */
  get faults(): readonly FieldFault[] {
    return this.more.faults ?? [];
  }

  /** Seconds until it is worth another try. */
  get retryAfter(): number | undefined {
    return this.more.retryAfter;
  }
}

/** What is wrong with one field of what was sent. */
export const faultOf = (error: unknown, name: string): string | undefined =>
  error instanceof ApiProblem ? error.faults.find(({ field }) => field === name)?.message : undefined;

/** No answer came: the network or the server is away, or it took too long. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Reads a refusal; anything that is no problem document, such as a proxy's page, keeps its status only. */
export async function readProblem(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch((): null => null)) as unknown;
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  if (!isProblem(body)) return new ApiProblem(response.status, 'unknown', `The server answered ${response.status}.`, { retryAfter });
  return new ApiProblem(response.status, body.code, body.detail, { faults: body.errors ?? [], retryAfter });
}

interface ProblemBody {
  readonly code: string;
  readonly detail: string;
  readonly errors?: FieldFault[];
}

const isProblem = (body: unknown): body is ProblemBody =>
  typeof body === 'object' &&
  body !== null &&
  typeof (body as ProblemBody).code === 'string' &&
  typeof (body as ProblemBody).detail === 'string';

/** A change that was made on an older version, which is known by now: nothing of it was saved, and nothing of it is lost. */
export const changedMeanwhile = (): ApiProblem =>
  new ApiProblem(412, 'changed_meanwhile', 'Somebody else changed this meanwhile. Nothing was saved yet.');

/** What to do about a refusal, where its own words do not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  unauthorized: 'Sign in again.',
  forbidden: 'Ask an owner for a role that may do this.',
  not_found: 'It may have been deleted meanwhile. Go back to the list.',
  conflict: 'Load the page again to see the present state.',
  name_taken: 'Choose another name.',
  too_many_secrets: 'End one of the two live secrets first, or rotate with no overlap.',
  last_owner: 'Make somebody else an owner first.',
  precondition_failed: 'Load it again to see what was changed, then repeat your change.',
  changed_meanwhile: 'Save again to see both versions and choose.',
  body_too_large: 'Shorten what you entered.',
  idempotency_key_reused: 'Close this dialog and begin again.',
  internal_error: 'Try again. If it stays, look in the log of the server at this time.',
  unavailable: 'The server is starting, stopping or without its database. It is safe to try again in a moment.',
  unknown: 'A proxy in between may have answered. Try again, or look in its log.',
};

/** A sentence on what went wrong, and one on what to do. */
export interface Explanation {
  readonly what: string;
  readonly then: string | undefined;
}

export function explain(error: unknown): Explanation {
  if (error instanceof NoAnswer) {
    return { what: 'No answer from the server.', then: 'Check your connection. What you entered is kept; try again when it is back.' };
  }
  if (!(error instanceof ApiProblem)) return { what: 'This page has a fault.', then: 'Load it again. What you entered is kept.' };
  if (error.code === 'too_many_requests') {
    return { what: error.message, then: `Wait ${error.retryAfter === undefined ? 'a moment' : `${error.retryAfter} s`}, then try again.` };
  }
  return { what: error.message, then: ADVICE[error.code] };
}
