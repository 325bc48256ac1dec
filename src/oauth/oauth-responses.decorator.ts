import { applyDecorators, Header, HttpCode } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** Documents an OAuth error response, with an example of each `error` (RFC 6749 §5.2). */
export const ApiOAuthErrors = (status: number, description: string, examples: Readonly<Record<string, string>>): MethodDecorator =>
  ApiResponse({
    status,
    description,
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/OAuthErrorDto' },
        examples: Object.fromEntries(
          Object.entries(examples).map(([error, error_description]) => [error, { value: { error, error_description } }]),
        ),
      },
    },
  });

/** What every OAuth endpoint can answer. */
export const ApiCommonOAuthErrors = (): MethodDecorator =>
  applyDecorators(
    ApiOAuthErrors(413, 'The body is larger than 64 KiB.', { invalid_request: 'The body is too large.' }),
    ApiOAuthErrors(429, 'Too many requests; see Retry-After.', {
      temporarily_unavailable: 'Too many requests. Wait for the number of seconds in Retry-After.',
    }),
    ApiOAuthErrors(503, 'Shutting down, or the database is away; see Retry-After.', {
      temporarily_unavailable: 'Not available at the moment. Try again soon.',
    }),
  );

/** The answer to a client whose proof of identity is not good. */
export const ApiInvalidClient = (): MethodDecorator =>
  ApiOAuthErrors(401, 'The client is unknown, its proof is wrong, or it is disabled or expired: always the same answer.', {
    invalid_client: 'Client authentication failed.',
  });

/** Status 200, and kept by no cache (RFC 6749 §5.1). */
export const OAuthAnswer = (): MethodDecorator =>
  applyDecorators(HttpCode(200), Header('cache-control', 'no-store'), Header('pragma', 'no-cache'));
