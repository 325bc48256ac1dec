export type Scalar = string | number | boolean | null;

/** What one argument of a tool must be. All that is said of it must hold; an argument that is missing is none of this. */
export interface ArgumentCondition {
  readonly equals?: Scalar;
  readonly oneOf?: readonly Scalar[];
  /** How a text begins. What leads out of it again (`..` between slashes) does not count. */
  readonly prefix?: string;
  /** Least number. */
  readonly min?: number;
  /** Greatest number. */
  readonly max?: number;
  /** Whether it may be left out. */
  readonly optional?: boolean;
}

/** JSON Schema 2020-12, less what could take long. */
export type JsonSchema = object;

/** A permission that holds for some arguments of a tool only. */
export interface ConditionalPermission {
  /** Pattern over `tools/call`. */
  readonly permission: string;
  /** By the argument's name. */
  readonly arguments?: Readonly<Record<string, ArgumentCondition>>;
  /** JSON Schema of all arguments together. */
  readonly schema?: JsonSchema;
}

/** A pattern over operations (`tools/call:search_*`, `resources/read:docs://*`, `*`), or one with conditions on arguments. */
export type Permission = string | ConditionalPermission;

export const patternOf = (permission: Permission): string => (typeof permission === 'string' ? permission : permission.permission);
