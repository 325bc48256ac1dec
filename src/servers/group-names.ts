import { invalidField } from './invalid-field.js';
import type { GroupMember } from './upstream.js';
import type { UpdateServerDto } from './server.dto.js';

/** A name that several members of a group have. */
export interface NameClash {
  readonly kind: 'tool' | 'prompt';
  readonly name: string;
  readonly servers: readonly string[];
}

export type FindNameClashes = (members: readonly GroupMember[]) => Promise<readonly NameClash[]>;

const SHOWN = 5;

/** Where whoever calls servers says how the names of their tools would clash, for those who put servers together. */
export class GroupNames {
  private find: FindNameClashes = () => Promise.resolve([]);

  /** Sets who is asked. */
  answerWith(find: FindNameClashes): void {
    this.find = find;
  }

  /**
   * Asks the members of a new or changed group, as far as they answer at the moment.
   * @throws {ProblemError} `validation_failed` where two have a tool or prompt of the same name.
   */
  async check(upstream: UpdateServerDto['upstream']): Promise<void> {
    if (upstream?.kind !== 'group' || !('members' in upstream) || !upstream.members) return;
    const clashes = await this.find(upstream.members.map(({ server, prefix }) => (prefix ? { server, prefix } : { server })));
    if (clashes.length === 0) return;
    const shown = clashes
      .slice(0, SHOWN)
      .map(({ kind, name, servers }) => `the ${kind} ${name.slice(0, 64)} is of ${servers.join(' and ')}`);
    const more = clashes.length > SHOWN ? `, and ${clashes.length - SHOWN} more` : '';
    throw invalidField('upstream.members', `Names clash: ${shown.join('; ')}${more}. Give one of them a prefix.`);
  }
}
