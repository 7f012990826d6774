/** From what zod found to the envelope's details: JSON pointer, issue, location. */

import type { z } from "zod";

import { type Detail, InvalidRequest } from "./errors.js";

const MISSING = { issue: "MISSING_REQUIRED_PARAMETER", description: "A required field / parameter is missing." };
const MALFORMED = { issue: "MALFORMED_REQUEST_JSON", description: "The request JSON is not well formed." };
const TOO_SHORT = { issue: "INVALID_STRING_LENGTH", description: "The value of a field is too short." };
const TOO_LONG = { issue: "INVALID_STRING_LENGTH", description: "The value of a field is too long." };
const OTHER = { issue: "INVALID_PARAMETER_SYNTAX", description: "The value of a field does not conform to the expected format." };
const NUL = { location: "body", issue: "INVALID_PARAMETER_SYNTAX", description: "This contains a NUL character." };
// What a mistyped card or password looks like must not come back, and from there into a journal or a log.
const NEVER_QUOTED = /card|number|security_code|cvv|secret|password|token|expiry/i;
const LONGEST_VALUE = 100;

/** Read a JSON body. Throws InvalidRequest with one detail per violation. */
export function parse<M extends z.ZodType>(model: M, body: Buffer): z.output<M> {
  const content = json(body);
  if (body.includes("\\u0000")) refuseNul(content);
  const read = model.safeParse(content);
  if (read.success) return read.data;
  const firsts = new Map(read.error.issues.toReversed().map((issue) => [pointer(issue.path), issue])); // of several for one field
  throw new InvalidRequest(...[...firsts.values()].toReversed().map((issue) => detail(issue, content)));
}

/** Text in UTF-8 without lone surrogates, which no text column can hold. */
function json(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body), (_, value: unknown) => {
      if (typeof value === "string" && !value.isWellFormed()) throw new SyntaxError();
      return value;
    });
  } catch {
    throw new InvalidRequest({ location: "body", ...MALFORMED });
  }
}

/** No text column of PostgreSQL can hold a NUL. Throws InvalidRequest that points to the value, or to the object of the name. */
function refuseNul(value: unknown, path: string[] = []): void {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const found = typeof value === "string" ? value.includes("\0") : entries.some(([name]) => name.includes("\0"));
  if (found) throw new InvalidRequest({ ...(path.length > 0 && { field: pointer(path) }), ...NUL });
  for (const [name, inner] of entries) refuseNul(inner, [...path, name]);
}

function detail(issue: z.core.$ZodIssue, content: unknown): Detail {
  const field = pointer(issue.path);
  const value = issue.path.reduce<unknown>((inside, step) => (inside as Record<PropertyKey, unknown>)[step], content);
  const quoted = typeof value === "string" && !NEVER_QUOTED.test(field) ? { value: value.slice(0, LONGEST_VALUE) } : {};
  return { ...(field ? { field } : {}), ...quoted, location: "body", ...meaning(issue, value) };
}

function meaning(issue: z.core.$ZodIssue, value: unknown): { issue: string; description: string } {
  if (value === undefined) return MISSING;
  if (issue.code === "too_small" && issue.origin === "string") return TOO_SHORT;
  if (issue.code === "too_big" && issue.origin === "string") return TOO_LONG;
  return OTHER;
}

function pointer(path: PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""); // RFC 6901
}
