import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import type { SealedColumn } from '../database/reseal.js';
import { Sealer } from '../database/sealer.js';
import { Egress } from '../egress/egress.service.js';
import { DocsFolders } from './docs-folders.js';
import { Server } from './server.entity.js';
import type { CreateServerDto, UpdateServerDto } from './server.dto.js';
import { changeFields, checkMembers, createFields, type ServerFields } from './server-rules.js';
import { openSecrets, secretsPurpose } from './server-state.js';
import { stdioFaults } from './stdio-settings.js';
import type { UpstreamDto } from './upstream.dto.js';
import { changeUpstream, type UpstreamParts, type UpstreamSurroundings } from './upstream-settings.js';

export const SEALED_UPSTREAM_SECRETS: SealedColumn = { entity: Server, key: 'id', column: 'upstreamSecrets', purposeOf: secretsPurpose };

/** The columns of a server that an admin decides over. */
export type ServerColumns = Pick<
  Server,
  'name' | 'description' | 'access' | 'upstream' | 'upstreamSecrets' | 'scopes' | 'limits' | 'tokenTtl'
>;

/** Turns what an admin says of a server into what is stored, secrets sealed. */
@Injectable()
export class ServerSettings {
  private readonly around: UpstreamSurroundings;

  constructor(
    private readonly sealer: Sealer,
    @InjectRepository(Server) private readonly servers: Repository<Server>,
    egress: Egress,
    @Inject(CONFIG) { publicUrl, docs, stdio }: Config,
  ) {
    const folders = new DocsFolders([docs.dir, ...docs.roots]);
    this.around = {
      publicUrl,
      stdioFaults: (settings, env) => stdioFaults(settings, stdio.commands, env),
      checkUrl: (url) => egress.check(url),
      findFolder: (dir) => folders.find(dir),
    };
  }

  /** @throws {ProblemError} `validation_failed`. */
  create(id: string, input: CreateServerDto, others: readonly Server[]): ServerColumns {
    return this.seal(id, createFields(input, others, this.around));
  }

  /** @throws {ProblemError} `validation_failed`. */
  change(server: Server, input: UpdateServerDto, others: readonly Server[]): ServerColumns {
    const secrets = openSecrets(server, this.sealer);
    const columns = this.seal(server.id, changeFields({ ...server, secrets }, input, others, this.around));
    // Sealed anew, the same secrets would look changed.
    return input.upstream ? columns : { ...columns, upstreamSecrets: server.upstreamSecrets };
  }

  /** An upstream that is only tried, not stored. @throws {ProblemError} `validation_failed`. */
  async tryUpstream(server: Server | undefined, input: UpstreamDto): Promise<UpstreamParts> {
    const present = server && { upstream: server.upstream, secrets: openSecrets(server, this.sealer) };
    const parts = changeUpstream(present, input, this.around);
    if (parts.upstream.kind === 'group') checkMembers(parts.upstream, server?.slug, await this.servers.find());
    return parts;
  }

  private seal(id: string, { secrets, ...columns }: ServerFields): ServerColumns {
    const isEmpty = Object.keys(secrets).length === 0;
    return { ...columns, upstreamSecrets: isEmpty ? null : this.sealer.seal(secretsPurpose(id), JSON.stringify(secrets)) };
  }
}
