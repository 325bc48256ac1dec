import { Module } from '@nestjs/common';
import { Egress } from '../../egress/egress.service.js';
import { IssuerMetadata } from './issuer-metadata.js';
import { RemoteKeySets } from './remote-key-sets.js';

const remote = (egress: Egress) => ({ getJson: (url: string) => egress.getJson(url) });

/** Key sets of clients and of trusted issuers, fetched through the egress guard. */
@Module({
  providers: [
    { provide: RemoteKeySets, inject: [Egress], useFactory: (egress: Egress) => new RemoteKeySets(remote(egress)) },
    { provide: IssuerMetadata, inject: [Egress], useFactory: (egress: Egress) => new IssuerMetadata(remote(egress)) },
  ],
  exports: [RemoteKeySets, IssuerMetadata],
})
export class KeySetsModule {}
