import { ApiHeader } from '@nestjs/swagger';

/** Documents the header with which a creation is safe to repeat. */
export const ApiIdempotencyKey = (): MethodDecorator =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Send the same key again, within an hour, to get the same answer again.',
  });

/** Documents the header with which a change is made to the version that was read, and to no other. */
export const ApiIfMatch = (): MethodDecorator =>
  ApiHeader({ name: 'If-Match', required: false, example: '"3"', description: 'The ETag that you read. If it was changed since: 412.' });
