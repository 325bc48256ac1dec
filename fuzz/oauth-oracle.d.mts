export interface FuzzRequest {
  readonly endpoint: string | undefined;
  readonly method: string;
  readonly secrets: readonly string[];
  readonly mustFail: boolean;
  readonly via: string;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly text: string;
}

export function faultsOf(request: FuzzRequest, answer: FuzzAnswer): string[];
