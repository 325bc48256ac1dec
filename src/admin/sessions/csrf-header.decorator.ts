import { ApiHeader } from '@nestjs/swagger';

/** Documents the header that every change within a sign-in session carries. */
export const ApiCsrfHeader = (): MethodDecorator =>
  ApiHeader({
    name: 'Gatehouse-Csrf',
    required: false,
    example: '1',
    description: 'Needed where a session’s cookie vouches for the request; any value.',
  });
