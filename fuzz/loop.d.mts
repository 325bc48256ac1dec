/** The parts of the fuzzer that the tests use, as they are written in the files of the same names. */
export interface Fault {
  readonly fault: string;
  readonly count: number;
  /** Makes its first request again. */
  readonly repro: { readonly seed: number; readonly index: number };
}

export interface FuzzResult {
  readonly requests: number;
  readonly seconds: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly faults: readonly Fault[];
}

export interface FuzzSettings {
  readonly seed: number;
  readonly from?: number;
  readonly requests: number;
  readonly seconds: number;
}

export interface FuzzTarget {
  close(): Promise<unknown>;
}

export function fuzz(target: FuzzTarget, settings: FuzzSettings): Promise<FuzzResult>;
