export interface McpFuzzRequest {
  readonly method: string;
  readonly era: string;
  readonly via: string;
  readonly ids: readonly (string | number)[] | undefined;
  readonly isMcp: boolean;
  readonly mayLie: boolean;
  readonly isHuge?: boolean;
  readonly isUnauthorized?: boolean;
  readonly statuses?: readonly number[];
  readonly secrets: readonly string[];
}

export interface McpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export function faultsOf(request: McpFuzzRequest, answer: McpAnswer): string[];
