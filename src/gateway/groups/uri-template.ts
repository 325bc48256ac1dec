import { matchesPieces } from '../../common/wildcard.js';

/**
 * Whether a URI can be an expansion of a template (RFC 6570), told by its literal parts alone. That is generous, and enough to
 * know whom to ask.
 */
export const matchesTemplate = (template: string, uri: string): boolean => matchesPieces(template.split(/\{[^{}]*\}/), uri);
