/** Routes of processor, internal only. The operations' names are those that faults are planted under. */

import { CardRequest, FollowUp } from "./models.js";
import type { Processor } from "./operations.js";
import { type Call, type Route, bodyOf, internal, keyOf } from "./routes.js";

export function routesOf(processor: Processor): Route[] {
  const card = (kind: "charge" | "authorize") => (call: Call) => processor.askBank(kind, bodyOf(CardRequest, call), keyOf(call));
  const followUp = (kind: "capture" | "void" | "refund") => (call: Call) => processor.followUp(kind, bodyOf(FollowUp, call), keyOf(call));
  return [
    internal("POST", "/charges", "processor.charge", card("charge")),
    internal("POST", "/authorizations", "processor.authorize", card("authorize")),
    internal("POST", "/captures", "processor.capture", followUp("capture")),
    internal("POST", "/voids", "processor.void", followUp("void")),
    internal("POST", "/refunds", "processor.refund", followUp("refund")),
    internal("GET", "/outcomes/{key}", "processor.outcome", (call) => processor.outcome(call.parameter)),
  ];
}
