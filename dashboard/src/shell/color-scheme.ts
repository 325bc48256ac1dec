/** Mantine would write a style element to hold all transitions while it changes colours, which the policy forbids. */
export const SHOW_AT_ONCE = { keepTransitions: true };
