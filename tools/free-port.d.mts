/** A port of the loopback that nobody listens on at the moment. */
export function freePort(): Promise<number>;
