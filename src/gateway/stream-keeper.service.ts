import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { upTo } from '../common/up-to.js';
import { BackgroundTask } from '../common/background-task.js';
import { Drain } from '../common/drain.js';
import { CREDENTIAL_TOPIC, CredentialDirectory } from '../credentials/credential-directory.service.js';
import { ChangeFeed } from '../database/change-feed.service.js';
import { addressKey } from '../rate-limit/address-key.js';
import { type Call, ownerOf } from './call.js';
import { type LiveStream, LiveStreams } from './live-streams.js';
import { Authenticator, type Principal } from './principal.js';
import type { ReadMessage } from './read-message.js';
import { Upstreams } from './upstreams.service.js';

const SWEEP_MS = 500;
const SESSION_HOLDERS = 20_000;

/**
 * Ends what outlives a request when the right to it ends: streams with their token or its credential (R-GWC-14), sessions
 * with their credential (R-LEG-09). At once where the change feed says so, within a second where only time has passed.
 */
@Injectable()
export class StreamKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Streams');
  private readonly streams = new LiveStreams();
  /** Client ids by the id of credentials that may have sessions. */
  private readonly sessionHolders = new LRUCache<string, string>({ ...upTo(SESSION_HOLDERS) });
  private readonly task = new BackgroundTask(() => this.sweep(), SWEEP_MS);
  private isLeaving = false;
  private isClosed = false;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly credentials: CredentialDirectory,
    private readonly upstreams: Upstreams,
    private readonly feed: ChangeFeed,
    private readonly drain: Drain,
  ) {
    feed.on(CREDENTIAL_TOPIC, (id) => void this.recheck(id));
  }

  /** Answers that are streams, at the moment. */
  get openStreams(): number {
    return this.streams.size;
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  /** Not before: what is still answered while the process drains is watched over. */
  async onApplicationShutdown(): Promise<void> {
    await this.task.stop();
    this.close();
  }

  /** Takes room for a stream that stays open, for the credential or, on the public face, the address. Returns its holder. */
  claim(call: Call): string {
    const { principal, server, http } = call;
    const holder = `${server.id} ${principal ? ownerOf(call) : addressKey(http.address)}`;
    this.streams.claim(holder, server.limits.openStreams);
    return holder;
  }

  release(holder: string): void {
    this.streams.release(holder);
  }

  /** Remembers who may have a session; only the legacy era has them. */
  noteSession({ principal }: Call, { era }: ReadMessage): void {
    if (principal && era === 'legacy') this.sessionHolders.set(principal.credential.id, principal.credential.clientId);
  }

  /** Watches over a stream until `ended` settles. */
  async watch(stream: LiveStream, ended: Promise<void>): Promise<void> {
    this.streams.add(stream);
    if (this.isClosed || (this.isLeaving && stream.staysOpen)) stream.end();
    try {
      await ended;
    } finally {
      this.streams.delete(stream);
      // Its head said nothing of that, so that a proxy would use the connection again, just when we close it. Before, it may.
      if (this.drain.isDraining) stream.hangUp();
    }
  }

  /** Ends the streams that would stay open; answers to calls go on. Their clients come back, and then to another replica. */
  leave(): void {
    this.isLeaving = true;
    this.streams.endStanding();
  }

  /** Ends every stream, and from now on each as soon as it opens. */
  close(): void {
    this.isClosed = true;
    this.streams.endAll();
  }

  /** Ends every stream whose time is over or whose caller may no longer have it. */
  async sweep(): Promise<void> {
    // Of one token and address there may be many streams, and one answer holds for all.
    const ends = new Map<Principal, Map<string, boolean>>();
    for (const stream of this.streams.all) {
      const isOver = this.authenticator.now >= stream.endsAt || this.isOverFor(stream, ends);
      if (isOver instanceof Promise ? await isOver : isOver) stream.end();
    }
  }

  /** Looks again at what a credential has open, because it changed. */
  async recheck(credentialId: string): Promise<void> {
    const streams = this.streams.all.filter(({ principal }) => principal?.credentialIds.includes(credentialId));
    for (const stream of streams) if (await this.isOver(stream)) stream.end();
    const clientId = this.sessionHolders.get(credentialId);
    if (clientId !== undefined) await this.endSessionsIfOver(credentialId, clientId);
  }

  private isOverFor(stream: LiveStream, ends: Map<Principal, Map<string, boolean>>): boolean | Promise<boolean> {
    const { principal, address } = stream;
    if (!principal) return false;
    const ofPrincipal = ends.get(principal) ?? new Map<string, boolean>();
    ends.set(principal, ofPrincipal);
    const known = ofPrincipal.get(address);
    if (known !== undefined) return known;
    return this.isOver(stream).then((isOver) => {
      ofPrincipal.set(address, isOver);
      return isOver;
    });
  }

  private async isOver({ principal, address, endsAt }: LiveStream): Promise<boolean> {
    try {
      if (this.authenticator.now >= endsAt) return true;
      return principal !== undefined && (!this.feed.isFresh || (await this.authenticator.findEnd(principal, address)) !== undefined);
    } catch (error) {
      // The state cannot be read: the stream goes on until it is too old to be trusted.
      this.logger.warn(`The state behind a stream could not be read: ${(error as Error).message}`);
      return false;
    }
  }

  private async endSessionsIfOver(credentialId: string, clientId: string): Promise<void> {
    try {
      const state = await this.credentials.find(clientId);
      if (state?.isLive(this.authenticator.now)) return;
      this.sessionHolders.delete(credentialId);
      this.upstreams.endSessions(credentialId);
    } catch (error) {
      this.logger.warn(`The state behind a session could not be read: ${(error as Error).message}`);
    }
  }
}
