import { adminReset } from './admin-reset.js';
import { backup, restoreBackup } from './backup.js';
import type { Command } from './command.js';
import { rotateMasterKey } from './master-key.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [backup, restoreBackup, rotateMasterKey, adminReset];
