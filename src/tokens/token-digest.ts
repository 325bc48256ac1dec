import { hash } from 'node:crypto';

/** Stands for a token in what outlives its connection, so that it cannot be read out of a memory dump there. */
export const digestOf = (token: string): string => hash('sha256', token, 'base64');
