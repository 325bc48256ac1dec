/** What the official clients send; spares them the parse. */
const USUAL_ACCEPT = 'application/json, text/event-stream';

/** Whether a `Content-Type` is JSON in UTF-8, the only encoding of JSON on the wire (RFC 8259 §8.1). */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  if (type.trim() !== 'application/json') return false;
  return parameters.every((parameter) => !/^\s*charset\s*=/.test(parameter) || /=\s*"?utf-?8"?\s*$/.test(parameter));
}

/** Whether an answer may be JSON or an event stream. Without the header, anything may come (RFC 9110 §12.5.1). */
export function admitsBothAnswers(accept: string | undefined): boolean {
  if (accept === undefined || accept === USUAL_ACCEPT || accept === '*/*') return true;
  return admits(accept, 'application/json') && admits(accept, 'text/event-stream');
}

/** Whether a `GET` names event streams itself: a browser's wildcard asks for no stream. */
export function asksForStream(accept: string | undefined): boolean {
  return accept !== undefined && quality(accept, 'text/event-stream') > 0;
}

function admits(accept: string, type: 'application/json' | 'text/event-stream'): boolean {
  const ranges = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*'];
  // The most specific range decides (RFC 9110 §12.5.1).
  const deciding = ranges.map((range) => quality(accept, range)).find((value) => value >= 0);
  return deciding !== undefined && deciding > 0;
}

/** The weight of a media range, -1 where it is not named. */
function quality(accept: string, range: string): number {
  for (const item of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    if (name !== range) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
  }
  return -1;
}
