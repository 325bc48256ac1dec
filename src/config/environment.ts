interface IntegerRule {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly example: string;
}

/** Reads variables one by one and collects what is wrong with them. A blank variable counts as absent. */
export class Environment {
  readonly faults: string[] = [];

  constructor(private readonly variables: NodeJS.ProcessEnv) {}

  fault(name: string, fault: string, example: string): void {
    this.faults.push(`${name} ${fault}. Example: ${example}`);
  }

  optional(name: string): string | undefined {
    const value = this.variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  text(name: string, fallback: string): string {
    return this.optional(name) ?? fallback;
  }

  integer(name: string, rule: IntegerRule): number {
    const text = this.optional(name);
    if (text === undefined) return rule.fallback;
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= rule.min && value <= rule.max) return value;
    this.fault(name, `must be a whole number from ${rule.min} to ${rule.max}`, rule.example);
    return rule.fallback;
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const text = this.optional(name);
    if (text === undefined) return fallback;
    const chosen = choices.find((choice) => choice === text);
    if (chosen === undefined) this.fault(name, `must be one of ${choices.join(', ')}`, fallback);
    return chosen ?? fallback;
  }

  list(name: string): string[] {
    return (this.optional(name) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  url(name: string, fallback: string | undefined, protocols: readonly string[], example: string): URL | undefined {
    const text = this.optional(name) ?? fallback;
    if (text !== undefined && URL.canParse(text)) {
      const url = new URL(text);
      if (protocols.includes(url.protocol)) return url;
    }
    this.fault(name, `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`, example);
    return undefined;
  }
}
