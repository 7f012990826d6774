/** Faults that an operator plants: rules matched at the edge of an operation, around it. */

export interface Fault {
  id: string;
  operation: string;
  kind: string;
  status: number;
  issue: string | null;
  milliseconds: number;
  match: Record<string, string>;
  times: number | null; // how often it still fires; null: always
  hits: number;
}

/** What a request is about: app, order, buyer. */
export type Facts = Record<string, string>;

/** The rules of this process. Whoever owns them counts the hits: `claimed` answers whether a rule had one left, and took it. */
export class Faults {
  private rules = new Map<string, Fault>();

  constructor(private readonly claimed: (id: string) => Promise<boolean>) {}

  get active(): boolean {
    return this.rules.size > 0;
  }

  replace(rules: Fault[]): void {
    this.rules = new Map(rules.map((rule) => [rule.id, rule]));
  }

  /** Answer the first rule of this kind that fits, and count the hit. */
  async claim(operation: string, facts: Facts, kind: string): Promise<Fault | null> {
    for (const fault of [...this.rules.values()]) {
      if (fault.kind !== kind || !fits(fault, operation, facts) || !(await this.claimed(fault.id))) continue;
      const rule = this.rules.get(fault.id); // others may have counted, or removed it, meanwhile
      if (rule !== undefined) this.rules.set(fault.id, { ...rule, hits: rule.hits + 1 });
      return fault;
    }
    return null;
  }
}

function fits(fault: Fault, operation: string, facts: Facts): boolean {
  const left = fault.times === null || fault.hits < fault.times;
  const matches = Object.entries(fault.match).every(([name, wanted]) => facts[name] === wanted);
  return left && matches && (fault.operation === operation || fault.operation === "*");
}
