import type { FastifyRequest } from 'fastify';

/** Where a session begins. */
export interface Browser {
  readonly address: string;
  readonly userAgent: string | undefined;
}

export const toBrowser = ({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>): Browser => ({
  address: ip,
  userAgent: headers['user-agent'],
});
