import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isDuplicate, UnitOfWork } from '../database/unit-of-work.service.js';
import { UsedAssertion } from './used-assertion.entity.js';

/** One presentation of a JWT that is good for one. */
export interface AssertionUse {
  /** Whose `jti` it is: a client id, or an issuer. */
  readonly owner: string;
  readonly jti: string;
  /** Milliseconds since the Unix epoch from which on it is refused for its age. */
  readonly expiresAt: number;
}

/** Remembers assertions in the database, whose unique key decides a race between replicas (R-CLA-13). */
@Injectable()
export class UsedAssertions {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Whether this is the first use of it, of all at the same time too. */
  async isFirstUse({ owner, jti, expiresAt }: AssertionUse): Promise<boolean> {
    const id = createHash('sha256')
      .update(JSON.stringify([owner, jti]))
      .digest('hex');
    try {
      await this.unitOfWork.write(async (manager) => {
        await manager.insert(UsedAssertion, { id, expiresAt });
      });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }
}
