/** What every service answers: to the platform around it, and to the console. */

import type { Board } from "./board.js";
import type { Database } from "./database.js";
import { Unavailable } from "./errors.js";
import type { Metrics } from "./metrics.js";
import { type Call, type Route, internal, jsonAnswer, probe } from "./routes.js";

const TEXT = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };

/** `notReady` answers why this process should get no requests yet or any more, or nothing. */
export function probesOf(version: string, database: Database, metrics: Metrics, board: Board | null, notReady: () => string): Route[] {
  /** No due work, ever; but first see what the operator has done, if the caller says how far (a number of the board's). */
  const work = async (call: Call) => {
    const seen = call.query.get("seen") ?? "";
    if (/^\d+$/.test(seen)) await board?.seen(Number(seen));
    return { done: 0 };
  };
  return [
    probe("/livez", "live", async () => jsonAnswer({ status: "up" })),
    probe("/readyz", "ready", async () => {
      const reason = notReady();
      if (reason) throw new Unavailable(reason);
      await database.alive();
      return jsonAnswer({ status: "up" });
    }),
    probe("/metrics", "metrics", async () => ({ status: 200, body: await metrics.exposition(), headers: TEXT })),
    internal("GET", "/health", "health", async () => {
      await database.alive();
      return { status: "up", version, operations: [] };
    }),
    internal("GET", "/operations/{operation}/issues", "issues", async () => ({})), // PayPal documents those of public operations
    internal("GET", "/work", "work.get", work),
    internal("POST", "/work/drain", "work.drain", work),
  ];
}
