import createClient, { type Middleware } from 'openapi-fetch';
import { reportAnswer, reportSilence } from './connection.js';
import { ApiProblem, NoAnswer, readProblem } from './problem.js';
import type { components, paths } from './schema.js';

export type Schemas = components['schemas'];

const TIMEOUT_MS = 30_000;

/** Called when the admin API no longer knows who we are. */
let onSignedOut: () => void = () => undefined;
export const whenSignedOut = (listener: () => void): void => {
  onSignedOut = listener;
};

/** A change must show that it comes from a page of ours: no other origin can send this header. */
const conduct: Middleware = {
  onRequest({ request }) {
    request.headers.set('gatehouse-csrf', '1');
  },
  async onResponse({ response, schemaPath }) {
    reportAnswer();
    if (response.ok) return;
    const problem = await readProblem(response);
    if (problem.code === 'unauthorized' && !schemaPath.startsWith('/api/v1/session')) onSignedOut();
    throw problem;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    reportSilence();
    return new NoAnswer('No answer from the server', { cause: error });
  },
};

/** The admin API, typed by its own OpenAPI document. Refusals are thrown as `ApiProblem`, silence as `NoAnswer`. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  credentials: 'same-origin',
  fetch: (request) => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]) }),
});
api.use(conduct);

interface Answer<T> {
  readonly data?: T;
  readonly response: Response;
}

/** The body of an answer. */
export async function body<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await answer;
  if (data === undefined) throw new ApiProblem(response.status, 'unknown', 'The server answered without a body.');
  return data;
}

/** A thing together with the version that was read, to be sent as `If-Match` with a change. */
export interface Versioned<T> {
  readonly value: T;
  readonly etag: string;
}

export async function versioned<T>(answer: Promise<Answer<T>>): Promise<Versioned<T>> {
  const { response } = await answer;
  return { value: await body(answer), etag: response.headers.get('etag') ?? '*' };
}
