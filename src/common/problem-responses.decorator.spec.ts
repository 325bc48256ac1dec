import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ApiProblems } from './problem-responses.decorator.js';

class Documented {
  @ApiProblems('validation_failed', 'malformed_body', 'not_found')
  route(): void {
    return;
  }
}

const responses = (): Record<string, { content: Record<string, { examples: Record<string, { value: object }> }> }> =>
  Reflect.getMetadata('swagger/apiResponse', Documented.prototype.route) as ReturnType<typeof responses>;

describe('ApiProblems', () => {
  it('documents each status once', () => {
    expect(Object.keys(responses())).toEqual(['400', '404']);
  });

  it('gives an example of each code, as it is answered (R-RLM-04)', () => {
    const examples = responses()['400']?.content['application/problem+json']?.examples;
    expect(Object.keys(examples ?? {})).toEqual(['validation_failed', 'malformed_body']);
    expect(examples?.['validation_failed']?.value).toMatchObject({
      type: 'urn:gatehouse:problem:validation_failed',
      status: 400,
      code: 'validation_failed',
      instance: expect.any(String),
    });
  });
});
