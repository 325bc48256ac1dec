import { describe, expect, it } from '@jest/globals';
import { admitsBothAnswers, asksForStream, isJson } from './media-types.js';

describe('isJson [R-GWC-16]', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"', 'application/json ; foo=bar'])(
    'takes %s',
    (type) => {
      expect(isJson(type)).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    'text/plain',
    'application/jsonx',
    'application/json-patch+json',
    'application/json; charset=utf-16',
    'text/html; application/json',
  ])('refuses %s', (type) => {
    expect(isJson(type)).toBe(false);
  });
});

describe('admitsBothAnswers [R-GWC-16]', () => {
  it.each([
    undefined,
    '*/*',
    'application/json, text/event-stream',
    'text/event-stream,application/json',
    'APPLICATION/JSON, text/event-stream;q=0.5',
    'application/*, text/*',
    'text/html, */*;q=0.1',
  ])('takes %s', (accept) => {
    expect(admitsBothAnswers(accept)).toBe(true);
  });

  it.each([
    '',
    'application/json',
    'text/event-stream',
    'text/html',
    'application/json, text/event-stream;q=0',
    '*/*, text/event-stream;q=0',
    'application/json, */*;q=0',
  ])('refuses %s', (accept) => {
    expect(admitsBothAnswers(accept)).toBe(false);
  });
});

describe('asksForStream', () => {
  it('wants event streams named', () => {
    expect(asksForStream('text/event-stream')).toBe(true);
    expect(asksForStream('application/json, text/event-stream')).toBe(true);
    expect(asksForStream('text/html, */*')).toBe(false);
    expect(asksForStream(undefined)).toBe(false);
  });
});
