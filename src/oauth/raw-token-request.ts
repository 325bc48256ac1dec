import type { IncomingMessage } from 'node:http';
import { headerValues } from '../common/raw-headers.js';
import type { CertificateSource } from '../tokens/possession/certificate-source.js';
import { readTraceContext } from '../tracing/trace-context.js';
import type { RawTokenRequest } from './token-form.js';

/** The parts of an HTTP request that an OAuth endpoint looks at. */
export interface HttpTokenRequest {
  readonly raw: IncomingMessage;
  readonly ip: string;
  readonly id: string;
  readonly body: unknown;
}

/** Takes every `Authorization` header: Node keeps only the first of several in `headers`. */
export function toRawTokenRequest({ raw, ip, id, body }: HttpTokenRequest, certificates: CertificateSource): RawTokenRequest {
  const { headers, rawHeaders, socket } = raw;
  const url = raw.url ?? '';
  const question = url.indexOf('?');
  return {
    contentType: headers['content-type'],
    body: Buffer.isBuffer(body) ? body : undefined,
    query: question < 0 ? '' : url.slice(question + 1),
    authorization: headerValues(rawHeaders, 'authorization'),
    dpop: headerValues(rawHeaders, 'dpop'),
    certificate: certificates.read({ remoteAddress: socket.remoteAddress, headers, rawHeaders }),
    address: ip,
    requestId: id,
    trace: readTraceContext(headers),
  };
}
