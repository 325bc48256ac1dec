import { basic } from '../client.mjs';
import { oneOf } from './random.mjs';

const OVERLAP_SECONDS = 86_400;
const MAX_TOKENS = 4;

/** What must be true of a credential, from what was answered: which secrets work, which tokens, which events there are. */
export class CredentialSubject {
  history = ['credential.created'];
  isGone = false;
  #isEnabled = true;
  #tokens = [];

  constructor(client, { id, clientId, clientSecret, secrets, label }) {
    this.client = client;
    this.id = id;
    this.clientId = clientId;
    this.name = `credential ${id}`;
    this.label = label;
    this.secrets = [{ id: secrets[0].id, text: clientSecret, isLive: true }];
  }

  static creation(client, label, headers) {
    return {
      kind: 'credential.created',
      send: () => client.admin('POST', '/credentials', { label }, { headers }),
      made: (json) => new CredentialSubject(client, json),
    };
  }

  owns({ credentialId, kind }) {
    return credentialId === this.id && (kind.startsWith('credential.') || kind === 'token.revoked');
  }

  choose() {
    if (this.isGone) return undefined;
    const acts = [this.#change, this.#setEnabled, this.#rotate, this.#endSecret, this.#leak, this.#revokeAll, this.#delete];
    const uses = [this.#mint, this.#mint, this.#revoke];
    return (Math.random() < 0.5 ? oneOf(uses) : oneOf(acts)).call(this);
  }

  get #path() {
    return `/credentials/${this.id}`;
  }

  get #liveSecrets() {
    return this.secrets.filter(({ isLive }) => isLive);
  }

  #change() {
    const label = `${this.label.split('/')[0]}/${this.history.length}`;
    const done = () => (this.label = label);
    return { kind: 'credential.changed', send: () => this.client.admin('PATCH', this.#path, { label }), done, assume: done };
  }

  #setEnabled() {
    const [kind, act] = this.#isEnabled ? ['credential.disabled', 'disable'] : ['credential.enabled', 'enable'];
    const done = () => (this.#isEnabled = !this.#isEnabled);
    return { kind, send: () => this.client.admin('POST', `${this.#path}/${act}`), done, assume: done };
  }

  #rotate() {
    const overlapSeconds = this.#liveSecrets.length > 1 ? 0 : OVERLAP_SECONDS;
    const end = () => {
      if (overlapSeconds === 0) for (const secret of this.secrets) secret.isLive = false;
    };
    return {
      kind: 'credential.rotated',
      send: () => this.client.admin('POST', `${this.#path}/rotate`, { overlapSeconds }),
      done: ({ json }) => {
        end();
        this.secrets.push({ id: json.secrets.at(-1).id, text: json.clientSecret, isLive: true });
      },
      // Nobody was shown this secret; which one it is, the credential says.
      assume: () => {
        end();
        this.secrets.push({ id: undefined, text: undefined, isLive: true });
      },
    };
  }

  #endSecret() {
    const secret = oneOf(this.#liveSecrets.filter(({ id }) => id !== undefined));
    if (!secret) return undefined;
    const done = () => (secret.isLive = false);
    return {
      kind: 'credential.secret_ended',
      send: () => this.client.admin('DELETE', `${this.#path}/secrets/${secret.id}`),
      done,
      assume: done,
    };
  }

  #leak() {
    const secret = this.#shown();
    if (!secret) return undefined;
    const done = () => (secret.isLive = false);
    return { kind: 'credential.secret_leaked', send: () => this.client.form('leaked', { secret: secret.text }), done, assume: done };
  }

  #revokeAll() {
    const done = () => {
      for (const token of this.#tokens) token.isRevoked = true;
    };
    return { kind: 'credential.tokens_revoked', send: () => this.client.admin('POST', `${this.#path}/revoke-tokens`), done, assume: done };
  }

  #delete() {
    const done = () => (this.isGone = true);
    return { kind: 'credential.deleted', send: () => this.client.admin('DELETE', this.#path), done, assume: done };
  }

  /** A secret that somebody knows and that works. */
  #shown() {
    return oneOf(this.#liveSecrets.filter(({ text }) => text !== undefined));
  }

  #mint() {
    const secret = this.#shown();
    if (!secret || !this.#isEnabled) return undefined;
    return {
      kind: undefined,
      send: () => this.client.mint({ clientId: this.clientId, clientSecret: secret.text }),
      done: ({ json }) => {
        this.#tokens = [...this.#tokens.slice(-MAX_TOKENS + 1), { text: json.access_token, secret, isRevoked: false }];
      },
      assume: () => undefined,
    };
  }

  #revoke() {
    const token = oneOf(this.#tokens.filter(({ isRevoked, secret }) => !isRevoked && secret.isLive));
    const secret = this.#shown();
    if (!token || !secret || !this.#isEnabled) return undefined;
    const done = () => (token.isRevoked = true);
    return {
      kind: 'token.revoked',
      send: () => this.client.form('revoke', { token: token.text }, { authorization: basic(this.clientId, secret.text) }),
      done,
      assume: done,
    };
  }

  /** What is not as it must be. */
  async faults() {
    const faults = await this.#stateFaults();
    for (const { text, isLive } of this.secrets) {
      if (text === undefined) continue;
      const works = isLive && this.#isEnabled && !this.isGone;
      const { status, json } = await this.client.mint({ clientId: this.clientId, clientSecret: text });
      if (status !== (works ? 200 : 401)) faults.push(`a secret that ${works ? 'works' : 'has ended'}: ${status} ${json.error ?? ''}`);
    }
    for (const { text, secret, isRevoked } of this.#tokens) {
      const works = !isRevoked && secret.isLive && this.#isEnabled && !this.isGone;
      const { status } = await this.client.call(text);
      if (status !== (works ? 200 : 401)) faults.push(`a token that ${works ? 'works' : 'has ended'}: ${status}`);
    }
    return faults;
  }

  async #stateFaults() {
    const { status, json } = await this.client.admin('GET', this.#path);
    if (this.isGone) return status === 404 ? [] : [`deleted, and answered with ${status}`];
    if (status !== 200) return [`not there: ${status}`];
    const faults = [];
    if (json.label !== this.label) faults.push(`label ${json.label}, not ${this.label}`);
    if (json.status !== (this.#isEnabled ? 'enabled' : 'disabled')) faults.push(`status ${json.status}`);
    for (const secret of this.#liveSecrets) secret.id ??= json.secrets.find(({ id }) => !this.secrets.some((other) => other.id === id))?.id;
    const expected = this.#liveSecrets.map(({ id }) => id).sort();
    const found = json.secrets.map(({ id }) => id).sort();
    if (found.join() !== expected.join()) faults.push(`secrets ${found.join()}, not ${expected.join()}`);
    return faults;
  }
}
