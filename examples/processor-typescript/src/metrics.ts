/** Metrics with the names and labels of every service here, so that one query shows both implementations. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Pool {
  readonly idle: number;
  readonly used: number;
}

export class Metrics {
  private readonly registry = new Registry();
  private readonly requests: Histogram;

  constructor(
    private readonly service: string,
    private readonly version: string,
    pool: Pool,
  ) {
    const registers = [this.registry];
    this.requests = new Histogram({
      name: "http_server_request_duration_seconds",
      help: "Requests served, by operation and status.",
      labelNames: ["service", "version", "operation", "status"],
      buckets: SECONDS,
      registers,
    });
    new Gauge({
      name: "db_client_connection_count",
      help: "Connections of the pool, by state.",
      labelNames: ["service", "state"],
      registers,
      collect() {
        this.set({ service, state: "idle" }, pool.idle);
        this.set({ service, state: "used" }, pool.used);
      },
    });
    collectDefaultMetrics({ register: this.registry });
    // Processor neither tells nor hears of events, has no due work and calls nobody: these have no series.
    new Gauge({ name: "farthing_outbox_oldest_age_seconds", help: "Age of the oldest event not yet delivered.", labelNames: ["service"], registers });
    new Counter({ name: "farthing_jobs_total", help: "Due work, by job and outcome.", labelNames: ["service", "job", "outcome"], registers });
    new Counter({ name: "farthing_dead_letters_total", help: "Events that were given up.", labelNames: ["service"], registers });
    new Gauge({ name: "farthing_dependency_info", help: "Which service calls which: always 1.", labelNames: ["service", "callee"], registers });
  }

  served(operation: string, status: number, seconds: number): void {
    this.requests.observe({ service: this.service, version: this.version, operation, status }, seconds);
  }

  /** The text format. Bounds are written as Python's client writes them (1.0, not 1), or a sum by `le` would see two buckets. */
  async exposition(): Promise<string> {
    return (await this.registry.metrics()).replace(/le="(\d+)"/g, 'le="$1.0"');
  }
}
