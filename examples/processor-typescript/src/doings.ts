/** What the operator has done, as the console publishes it: where the clock stands, which faults are planted. */

import type { Fault } from "./faults.js";

export interface Doings {
  moved: number; // milliseconds
  frozen: Date | null;
  faults: Fault[];
}

/** Fields that a newer console added are passed over; so are switches, for processor has none. */
export function readDoings(raw: string): Doings {
  const { clock, faults } = JSON.parse(raw) as { clock: { moved: number; frozen: string | null }; faults: Fault[] };
  return { moved: clock.moved / 1000, frozen: clock.frozen === null ? null : new Date(clock.frozen), faults };
}
