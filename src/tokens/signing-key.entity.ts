import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SigningAlg } from '../config/config.js';
import { optionalTimeColumn, text, timeColumn } from '../database/columns.js';

/** A token signing key. The private half is sealed under the master key. */
@Entity('signing_keys')
export class SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  @PrimaryColumn(text(64))
  kid!: string;

  @Column(text(8))
  alg!: SigningAlg;

  /** The public key as a JWK in JSON. */
  @Column({ type: 'text' })
  publicJwk!: string;

  @Column({ type: 'text' })
  sealedPrivateKey!: string;

  @Column(timeColumn)
  createdAt!: number;

  /** From here on it signs; it is published before (R-KEY-02). */
  @Column(timeColumn)
  signsFrom!: number;

  /** From here on nothing that it signed can be valid any more; set when a newer key takes over. */
  @Column(optionalTimeColumn)
  retiresAt!: number | null;
}
