import { parsePlace } from '../admin/pages.dto.js';
import type { Credential } from './credential.entity.js';

const FIELDS = ['createdAt', 'label', 'lastUsedAt', 'expiresAt'] as const;
type Field = (typeof FIELDS)[number];

/** In which order credentials can be listed; with a hyphen from the end. */
export const CREDENTIAL_ORDERS = FIELDS.flatMap((field) => [field, `-${field}`] as const);
export type CredentialOrder = Field | `-${Field}`;

/** Ends after everything that ends. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** The value that a credential stands by in an order, as SQL over `credential` and as the cursor holds it. */
interface Value {
  readonly sql: string;
  /** How the value of a cursor compares with that. */
  readonly parameter: string;
  readonly of: (credential: Credential) => string | number;
}

const VALUES: Readonly<Record<Exclude<Field, 'createdAt'>, Value>> = {
  label: { sql: 'LOWER(credential.label)', parameter: 'LOWER(:value)', of: ({ label }) => label },
  lastUsedAt: { sql: 'COALESCE(credential.lastUsedAt, 0)', parameter: ':value', of: ({ lastUsedAt }) => lastUsedAt ?? 0 },
  expiresAt: { sql: `COALESCE(credential.expiresAt, ${NEVER})`, parameter: ':value', of: ({ expiresAt }) => expiresAt ?? NEVER },
};

/** Where a page ended: the value that its last credential had then, and its id, which decides between equals. */
export interface CredentialPlace {
  readonly value?: string | number;
  readonly id: string;
}

/** One order of credentials: what the database sorts by, and how a page goes on after another. */
export class Ordering {
  readonly direction: 'ASC' | 'DESC';
  private readonly value: Value | undefined;

  constructor(private readonly order: CredentialOrder) {
    const field = order.replace(/^-/, '') as Field;
    this.direction = order.startsWith('-') ? 'DESC' : 'ASC';
    // Ids are ULIDs: their order is that of creation.
    this.value = field === 'createdAt' ? undefined : VALUES[field];
  }

  /** The SQL to sort by, before the id. */
  get sql(): string | undefined {
    return this.value?.sql;
  }

  /** The SQL of what comes after a place, with `:value` and `:id`. Nothing is skipped where many have the same value. */
  get after(): string {
    const sign = this.direction === 'ASC' ? '>' : '<';
    if (!this.value) return `credential.id ${sign} :id`;
    const { sql, parameter } = this.value;
    return `(${sql} ${sign} ${parameter} OR (${sql} = ${parameter} AND credential.id ${sign} :id))`;
  }

  place(credential: Credential): string {
    return this.value ? JSON.stringify([this.order, this.value.of(credential), credential.id]) : credential.id;
  }

  /** Undefined for what is no place in this order. */
  parse(text: string): CredentialPlace | undefined {
    if (!this.value) return text.length === ID_LENGTH ? { id: text } : undefined;
    const [order, value, id] = parsePlace(text) ?? [];
    const isOfThis = order === this.order && typeof value === (this.order.endsWith('label') ? 'string' : 'number');
    return isOfThis && typeof id === 'string' ? { value: value as string | number, id } : undefined;
  }
}

const ID_LENGTH = 26;
