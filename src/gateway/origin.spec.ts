import { describe, expect, it } from '@jest/globals';
import { McpError } from '../protocol/mcp-error.js';
import { OriginPolicy } from './origin.js';

const policy = new OriginPolicy('https://docs.example.com', ['https://docs.example.com', 'https://app.example.com:8443']);
const local = new OriginPolicy('http://localhost:3000', ['http://localhost:3000']);

const refused = (act: () => void): void => expect(act).toThrow(McpError);

describe('OriginPolicy [R-GWC-01]', () => {
  it.each([
    'docs.example.com',
    'DOCS.example.com',
    'docs.example.com:443',
    'app.example.com:8443',
    'localhost:3000',
    '127.0.0.1:3000',
    '[::1]:3000',
    '127.1.2.3:3000',
  ])('takes the host %s', (host) => {
    expect(() => policy.check({ host }, 3000)).not.toThrow();
  });

  it.each([
    undefined,
    '',
    'evil.example.com',
    'docs.example.com.evil.com',
    'docs.example.com:8080',
    'app.example.com',
    'localhost:9999',
    'localhost',
    'localhost.evil.com:3000',
    '127.0.0.1.evil.com:3000',
    '0.0.0.0:3000',
    'evil.com/@docs.example.com',
    'docs.example.com@evil.com',
    'docs.example.com/',
  ])('refuses the host %s', (host) => {
    refused(() => policy.check({ host }, 3000));
  });

  it('answers 403 with -32600 and without the value', () => {
    try {
      policy.check({ host: 'docs.example.com', origin: 'http://evil.example.com' }, 3000);
      throw new Error('It was not refused');
    } catch (error) {
      expect(error).toMatchObject({ status: 403, code: -32600 });
      expect((error as Error).message).not.toContain('evil');
    }
  });

  it('takes a request without Origin, and one from an allowed origin', () => {
    expect(() => policy.check({ host: 'docs.example.com', origin: 'https://docs.example.com' }, 3000)).not.toThrow();
    expect(() => policy.check({ host: 'docs.example.com', origin: 'https://app.example.com:8443' }, 3000)).not.toThrow();
  });

  it.each([
    'null',
    '',
    'https://app.example.com',
    'http://docs.example.com',
    'https://docs.example.com.evil.com',
    'https://docs.example.com, https://evil.com',
  ])('refuses the origin %j', (origin) => {
    refused(() => policy.check({ host: 'docs.example.com', origin }, 3000));
  });

  it('takes a loopback name on port 80 without the port', () => {
    expect(() => local.check({ host: 'localhost' }, 80)).not.toThrow();
  });
});
