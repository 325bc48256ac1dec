import { generateSecret, hasSecretFormat } from '../../common/secret-format.js';

const PREFIX = 'mgs_';

/** The value of a session's cookie: 256 random bits, in the form that scanners for leaked secrets know. */
export const newSessionToken = (): string => generateSecret(PREFIX);

export const isSessionToken = (text: string): boolean => hasSecretFormat(PREFIX, text);
