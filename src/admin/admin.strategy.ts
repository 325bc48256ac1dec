import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { BasicStrategy } from 'passport-http';
import { readBasicCredentials } from './basic-credentials.js';
import type { AdminPrincipal } from './current-admin.decorator.js';
import type { SignInService } from './sign-in.service.js';

/** Where the guard leaves the service to ask: passport keeps one strategy a name for the whole process, not one an application. */
export const SIGN_IN = Symbol('SIGN_IN');

export type SignInRequest = FastifyRequest & { [SIGN_IN]?: SignInService };

/** HTTP Basic for the admin API: a name and a password, or a key's id and secret. */
@Injectable()
export class AdminStrategy extends PassportStrategy(BasicStrategy, 'admin-basic') {
  constructor() {
    super({ passReqToCallback: true });
  }

  /** passport-http cuts at every colon, and a password may hold one: the header is read again. */
  async validate(request: SignInRequest): Promise<AdminPrincipal | false> {
    const credentials = readBasicCredentials(request.headers.authorization);
    if (!credentials) return false;
    return (await request[SIGN_IN]?.signIn({ ...credentials, address: request.ip })) ?? false;
  }
}
