import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Era } from '../protocol/exchange.js';
import { forwardedHeaders, HttpExchange } from './http-exchange.js';

class Client extends EventEmitter {
  writableFinished = false;
  closed = false;

  leave(): void {
    this.closed = true;
    this.emit('close');
  }
}

const exchange = (era: Era, connection: Client, certificateHeader?: string): HttpExchange =>
  new HttpExchange({
    http: {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer secret', 'x-tls-cert': 'c' },
      rawHeaders: [],
      body: undefined,
      address: '',
    },
    read: { era, operations: [], message: { a: 1 }, id: 1 },
    caller: { owner: 'c1', audience: 'authenticated', groups: [], isAllowed: () => true },
    url: 'https://host.example/authed/mcp',
    connection,
    certificateHeader,
  });

describe('HttpExchange', () => {
  it('carries the message, the caller and a request to the canonical URL without a body', () => {
    const { message, caller, request } = exchange('legacy', new Client());
    expect(message).toEqual({ a: 1 });
    expect(caller.owner).toBe('c1');
    expect([request.method, request.url, request.body]).toEqual(['POST', 'https://host.example/authed/mcp', null]);
    expect(request.headers.has('authorization')).toBe(false);
  });

  it('leaves the configured certificate header out [R-TLS-03]', () => {
    expect(exchange('modern', new Client()).request.headers.get('x-tls-cert')).toBe('c');
    expect(exchange('modern', new Client(), 'x-tls-cert').request.headers.has('x-tls-cert')).toBe(false);
  });

  it('is cancelled by a disconnect in the modern era [R-MOD-13]', () => {
    const client = new Client();
    const { signal } = exchange('modern', client).request;
    expect(signal.aborted).toBe(false);
    client.leave();
    expect(signal.aborted).toBe(true);
  });

  it('is cancelled where the client has left before', () => {
    const client = new Client();
    client.leave();
    expect(exchange('modern', client).request.signal.aborted).toBe(true);
  });

  it('is not cancelled by a disconnect in the legacy era [R-LEG-10], nor by the end of the answer', () => {
    for (const [era, isFinished] of [
      ['legacy', false],
      ['modern', true],
    ] as const) {
      const client = new Client();
      const { signal } = exchange(era, client).request;
      client.writableFinished = isFinished;
      client.leave();
      expect(signal.aborted).toBe(false);
    }
  });
});

describe('forwardedHeaders', () => {
  const sent = {
    host: 'docs.example.com',
    origin: 'https://docs.example.com',
    authorization: 'Bearer t',
    cookie: 'a=b',
    dpop: 'p',
    'proxy-authorization': 'Basic x',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-user': 'root',
    forwarded: 'for=1.2.3.4',
    'x-real-ip': '1.2.3.4',
    'content-length': '5',
    connection: 'keep-alive, X-Foo, Mcp-Protocol-Version',
    'x-foo': 'bar',
    'mcp-protocol-version': '2025-11-25',
    'mcp-session-id': 's',
    'last-event-id': 'e',
    'mcp-method': 'm',
    'mcp-name': 'n',
    'mcp-param-region': '=?base64?eA==?=',
    'content-type': 'application/json',
    accept: '*/*',
    traceparent: '00-1-2-3',
  };

  it('leaves out credentials, hop-by-hop headers and claims of identity [R-GWC-05, R-GWC-06, R-BRR-11]', () => {
    expect(forwardedHeaders({ method: 'POST', headers: sent }, 'legacy')).toEqual({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'last-event-id': 'e',
      'mcp-param-region': '=?base64?eA==?=',
      'mcp-protocol-version': '2025-11-25',
      'mcp-session-id': 's',
      traceparent: '00-1-2-3',
    });
  });

  it.each([
    'client-cert',
    'client-cert-chain',
    'x-client-cert',
    'x-ssl-cert',
    'x-ssl-client-verify',
    'ssl-client-cert',
    'ssl-client-subject-dn',
    'x-forwarded-client-cert',
    'x-forwarded-tls-client-cert',
    'x-amzn-mtls-clientcert',
    'x-user',
    'x-authenticated-user',
    'remote-user',
    'cf-access-authenticated-user-email',
    'x-amzn-oidc-data',
    'x-goog-authenticated-user-email',
    'x-ms-client-principal',
    'x-http-method-override',
    'x_forwarded_for',
    'mcp_name',
  ])('leaves %s out, whoever sends it [R-TLS-03, R-GWC-06]', (name) => {
    const headers = forwardedHeaders({ method: 'POST', headers: { [name]: 'x', 'x-foo': 'bar' } }, 'modern');
    expect([headers[name], headers['x-foo']]).toEqual([undefined, 'bar']);
  });

  it('has no session in the modern era [R-MOD-12]', () => {
    const headers = forwardedHeaders({ method: 'POST', headers: sent }, 'modern');
    expect([headers['mcp-session-id'], headers['last-event-id']]).toEqual([undefined, undefined]);
    expect([headers['mcp-method'], headers['mcp-name']]).toEqual(['m', 'n']);
  });
});
