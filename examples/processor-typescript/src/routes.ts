/** How routes are declared, and found by method and path. */

import type { z } from "zod";

import { MethodNotSupported, notFound, unsupportedMedia } from "./errors.js";
import { parse } from "./validation.js";

/** One request as an operation sees it. `parameter`: the part of the path that the route leaves open. */
export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  header: (name: string) => string | undefined;
  body: Buffer;
  parameter: string;
}

export interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** `operation` is the name under which faults are planted and metrics counted. `open`: it needs no service token. */
export interface Route {
  method: string;
  path: string;
  operation: string;
  open: boolean;
  run: (call: Call) => Promise<Answer>;
}

export function jsonAnswer(content: unknown): Answer {
  return { status: 200, body: JSON.stringify(content) };
}

/** The internal idempotency key. */
export function keyOf(call: Call): string {
  return call.header("idempotency-key") ?? "";
}

/** A route below /internal/v1, for the services that may call this one. */
export function internal(method: string, path: string, operation: string, run: (call: Call) => Promise<unknown>): Route {
  return { method, path: `/internal/v1${path}`, operation, open: false, run: async (call) => jsonAnswer(await run(call)) };
}

/** A route that needs no token: what the platform around a process asks (health, metrics). */
export function probe(path: string, operation: string, run: (call: Call) => Promise<Answer>): Route {
  return { method: "GET", path, operation, open: true, run };
}

/** The body of a request as a model. Throws InvalidRequest; a 415 for what does not call itself JSON. */
export function bodyOf<M extends z.ZodType>(model: M, call: Call): z.output<M> {
  if (!(call.header("content-type") ?? "application/json").toLowerCase().includes("json")) throw unsupportedMedia();
  return parse(model, call.body);
}

/** The route and the open part of the path. Throws a 404, or a 405 when the path has other methods. */
export function match(routes: Route[], method: string, path: string): [Route, string] {
  if (path.includes("\0")) throw notFound(); // no id has one, and no text column of PostgreSQL can hold it
  const found = routes.flatMap((route) => {
    const parameter = bound(route.path.split("/"), path.split("/"));
    return parameter === null ? [] : [[route, parameter] satisfies [Route, string]];
  });
  const chosen = found.find(([route]) => route.method === method);
  if (chosen !== undefined) return chosen;
  throw found.length > 0 ? new MethodNotSupported(found.map(([route]) => route.method)) : notFound();
}

function bound(template: string[], parts: string[]): string | null {
  if (template.length !== parts.length) return null;
  let parameter = "";
  for (const [index, segment] of template.entries()) {
    if (segment.startsWith("{")) parameter = parts[index]!;
    else if (segment !== parts[index]) return null;
  }
  return parameter;
}
