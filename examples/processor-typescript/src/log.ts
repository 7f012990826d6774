/** Log lines on standard error: one JSON object each, an event name and fields. Never personal data, secrets or card numbers. */

import { TRAIL, debugId } from "./trail.js";

export type Fields = Record<string, unknown>;

export class Log {
  constructor(
    private readonly service: string,
    private readonly version: string,
  ) {}

  info(event: string, fields: Fields = {}): void {
    this.write("info", event, fields);
  }

  warning(event: string, fields: Fields = {}): void {
    this.write("warning", event, fields);
  }

  /** Log an error of ours: its type and where, never its text, which may quote a request. */
  error(event: string, error: unknown, fields: Fields = {}): void {
    const frames = error instanceof Error ? (error.stack ?? "").matchAll(/([^/\\(\s]+:\d+):\d+\)?$/gm) : [];
    const at = [...frames].slice(0, 6).map((frame) => frame[1]);
    this.write("error", event, { ...fields, error: error instanceof Error ? error.constructor.name : typeof error, at });
  }

  private write(level: string, event: string, fields: Fields): void {
    const trail = TRAIL.getStore();
    const ids = trail === undefined ? {} : { trace_id: trail.traceId, debug_id: debugId(trail) };
    const line = { time: new Date().toISOString(), level, event, service: this.service, version: this.version, ...ids, ...fields };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  }
}
