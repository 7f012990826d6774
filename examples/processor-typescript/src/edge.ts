/**
 * One request, from the server to the operation and back:
 *
 *     path → route → trace → caller → fault → body → operation → error envelope → metrics, log
 */

import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import type { Span } from "@opentelemetry/api";

import type { Verifier } from "./auth.js";
import { ApiError, ResponseLost, Unauthenticated, bodyTooLarge } from "./errors.js";
import type { Fault, Faults } from "./faults.js";
import type { Log } from "./log.js";
import type { Metrics } from "./metrics.js";
import { type Answer, type Call, type Route, match } from "./routes.js";
import type { Tracing } from "./tracing.js";
import { TRAIL, type Trail, debugId, trailOf } from "./trail.js";

const LARGEST_BODY = 1_000_000; // bytes
const LOST = 499;

/** What an edge needs of the process around it. */
export interface Parts {
  verifier: Verifier;
  faults: Faults;
  metrics: Metrics;
  tracing: Tracing;
  log: Log;
  logRequests: boolean;
}

/** A request on its way. `operation` is unknown until its route is found. */
interface Visit {
  call: Call;
  operation: string;
  trail: Trail;
}

/** Serves one side of the service; a side without routes answers 404 to everything. */
export class Edge {
  constructor(
    private readonly routes: Route[],
    private readonly parts: Parts,
  ) {}

  /** Serve one HTTP request. Never throws. Null: the connection is to end without a byte. */
  async serve(request: IncomingMessage): Promise<Answer | null> {
    const started = performance.now();
    const visit: Visit = { call: callOf(request), operation: "unknown", trail: trailOf(header(request, "traceparent")) };
    return TRAIL.run(visit.trail, async () => {
      const answer = await this.respond(visit, request);
      this.finish(visit, answer?.status ?? LOST, (performance.now() - started) / 1000);
      const headers = { "content-type": "application/json", ...answer?.headers, "paypal-debug-id": debugId(visit.trail) };
      return answer && { ...answer, headers };
    });
  }

  private async respond(visit: Visit, request: IncomingMessage): Promise<Answer | null> {
    try {
      const [route, parameter] = match(this.routes, visit.call.method, visit.call.path);
      visit.operation = route.operation;
      visit.call.parameter = parameter;
      return await this.parts.tracing.span(route.operation, visit.trail, (span) => this.traced(visit, route, request, span));
    } catch (error) {
      if (error instanceof ResponseLost) return null;
      if (error instanceof ApiError) return errorAnswer(error, visit);
      this.parts.log.error("request.failed", error, { operation: visit.operation });
      return errorAnswer(new ApiError(500), visit);
    }
  }

  private async traced(visit: Visit, route: Route, request: IncomingMessage, span: Span | null): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await this.run(visit, route, request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer = errorAnswer(error, visit);
    }
    span?.setAttributes({ "farthing.debug_id": debugId(visit.trail), "http.request.method": route.method, "http.route": route.path });
    span?.setAttributes({ "http.response.status_code": answer.status, "farthing.forced": false }); // that is said where a trace begins
    return answer;
  }

  private async run(visit: Visit, route: Route, request: IncomingMessage): Promise<Answer> {
    const { call } = visit;
    call.body = await read(request);
    if (!route.open) await this.parts.verifier.admit(call.header("authorization"));
    const fault = this.parts.faults.active ? await this.faultBefore(visit) : null;
    const answer = await route.run(call);
    if (fault !== null) throw new ResponseLost();
    return answer;
  }

  /** Delay, refuse, or answer the fault that takes the response away afterwards. */
  private async faultBefore({ call, operation }: Visit): Promise<Fault | null> {
    const facts = Object.fromEntries(new URLSearchParams(call.header("farthing-facts")));
    const claim = (kind: string) => this.parts.faults.claim(operation, facts, kind);
    const slow = await claim("latency");
    if (slow !== null) await sleep(slow.milliseconds);
    if ((await claim("expire")) !== null) throw new Unauthenticated("Access Token has expired");
    const failing = await claim("error");
    if (failing !== null) {
      const details = failing.issue === null ? [] : [{ issue: failing.issue, description: "Injected by a fault rule." }];
      throw new ApiError(failing.status, details);
    }
    return claim("lost_response");
  }

  private finish({ operation, trail }: Visit, status: number, seconds: number): void {
    this.parts.metrics.served(operation, status, seconds);
    if (!this.parts.logRequests) return;
    const milliseconds = Math.round(seconds * 1e6) / 1e3;
    this.parts.log.info("request.served", { operation, status, milliseconds, debug_id: debugId(trail) });
  }
}

function callOf(request: IncomingMessage): Call {
  const [path = "", query] = (request.url ?? "").split(/\?(.*)/s);
  const header_ = (name: string) => header(request, name);
  const call = { query: new URLSearchParams(query), header: header_, body: Buffer.alloc(0), parameter: "" };
  return { method: request.method ?? "", path: normalised(path), ...call };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Forgive what real clients send: escapes, double and trailing slashes. What cannot be unescaped stays as it is. */
function normalised(path: string): string {
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // no id looks like that: it will not be found
  }
  return plain.replace(/\/{2,}/g, "/").replace(/[/?]+$/, "") || "/";
}

/** Throws a 413; ResponseLost when the client goes away in the middle. */
async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= LARGEST_BODY) chunks.push(chunk);
    }
  } catch {
    throw new ResponseLost();
  }
  if (size > LARGEST_BODY) throw bodyTooLarge(LARGEST_BODY);
  return Buffer.concat(chunks);
}

function errorAnswer(error: ApiError, visit: Visit): Answer {
  return { status: error.status, body: JSON.stringify(error.envelope(debugId(visit.trail))), headers: error.headers };
}
