import { Injectable } from '@nestjs/common';
import { GroupNames, type NameClash } from '../../servers/group-names.js';
import type { GroupMember } from '../../servers/upstream.js';
import { GATEWAY } from '../gateway-caller.js';
import { Upstreams } from '../upstreams.service.js';
import { GroupCatalog, PROMPTS, TOOLS } from './group-catalog.js';
import { findClashes } from './group-lists.js';
import { Member } from './group-member.js';

/** An administrator waits for the answer. */
const DEADLINE_MS = 3000;
const KINDS = [
  { kind: 'tool', list: TOOLS },
  { kind: 'prompt', list: PROMPTS },
] as const;

/** Finds clashing names before servers become a group. A member that does not answer is looked at when the group is listed. */
@Injectable()
export class GroupClashes {
  constructor(
    private readonly upstreams: Upstreams,
    names: GroupNames,
  ) {
    names.answerWith((members) => this.find(members));
  }

  private async find(members: readonly GroupMember[]): Promise<NameClash[]> {
    const asked = members.map((member) => new Member(member, (slug) => this.upstreams.openMember(slug), DEADLINE_MS));
    const catalog = new GroupCatalog();
    const clashes = await Promise.all(
      KINDS.map(async ({ kind, list }) =>
        findClashes(await catalog.getAll(asked, list, GATEWAY), list).map((clash) => ({ kind, ...clash })),
      ),
    );
    return clashes.flat();
  }
}
