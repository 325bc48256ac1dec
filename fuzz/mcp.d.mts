import type { FuzzTarget } from './loop.mjs';
import type { Application } from './token.mjs';

export function open(application: Application): Promise<FuzzTarget>;
