/** What a call carries: trace and debug id. Logs find it without being told. */

import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

export interface Trail {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export const TRAIL = new AsyncLocalStorage<Trail>();

/** Continue the caller's trace; a missing or malformed header begins one. */
export function trailOf(traceparent: string | undefined): Trail {
  const found = TRACEPARENT.exec(traceparent ?? "");
  if (found === null) return { traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex"), sampled: false };
  return { traceId: found[1]!, spanId: found[2]!, sampled: found[3] === "01" };
}

/** 13 characters, the beginning of the trace id, so that it finds the trace (wire contract, section 7.1). */
export function debugId(trail: Trail): string {
  return trail.traceId.slice(0, 13);
}
