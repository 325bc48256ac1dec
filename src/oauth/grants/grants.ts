/** Injection token of the enabled grants, in the order in which the metadata lists them. */
export const GRANTS = Symbol('GRANTS');
