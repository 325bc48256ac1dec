import { Injectable } from '@nestjs/common';
import { ProblemError } from '../protocol/problem.js';
import type { ChangePasswordDto } from './admin.dto.js';
import { AdminsService } from './admins.service.js';
import type { AdminPrincipal } from './current-admin.decorator.js';
import type { Browser } from './sessions/browser.js';
import { SessionSignIn } from './sessions/session-sign-in.service.js';
import type { NewSession } from './sessions/sessions.service.js';
import { SignInService } from './sign-in.service.js';

/** Lets everybody change their own password, with the present one as proof; guessing it is slowed as at sign-in. */
@Injectable()
export class OwnPassword {
  constructor(
    private readonly admins: AdminsService,
    private readonly signIns: SignInService,
    private readonly sessionSignIns: SessionSignIn,
  ) {}

  /** Gives a new session where the change was asked for within one: with the others, that one has ended. */
  async change(me: AdminPrincipal, { currentPassword, newPassword }: ChangePasswordDto, browser: Browser): Promise<NewSession | undefined> {
    if (me.kind !== 'admin') throw new ProblemError('forbidden', 'A key has no password. Create another key.');
    const proof = await this.signIns.signIn({ name: me.name, password: currentPassword, address: browser.address });
    if (proof?.id !== me.id) {
      throw new ProblemError('validation_failed', 'The current password is wrong.', {
        errors: [{ field: 'currentPassword', message: 'is wrong' }],
      });
    }
    await this.admins.update({ id: me.id, actor: me.name }, { password: newPassword });
    if (!me.session) return undefined;
    return this.sessionSignIns.signIn({ username: me.name, password: newPassword }, browser);
  }
}
