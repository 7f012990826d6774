/** What the process is made of, and its life from the first second to the last. */

import { setTimeout as sleep } from "node:timers/promises";

import { routesOf } from "./api.js";
import { Jwks, Verifier } from "./auth.js";
import { Board } from "./board.js";
import { Clock } from "./clock.js";
import { Database } from "./database.js";
import { Edge } from "./edge.js";
import { Unavailable } from "./errors.js";
import { Faults } from "./faults.js";
import { randomCode } from "./ids.js";
import { readKeys } from "./keys.js";
import { Log } from "./log.js";
import { Metrics } from "./metrics.js";
import { Processor } from "./operations.js";
import { probesOf } from "./probes.js";
import { Repository } from "./repository.js";
import { Listeners } from "./server.js";
import { NAME, type Settings } from "./settings.js";
import { Tracing } from "./tracing.js";

const PAUSE = 1000; // milliseconds until what is away is asked again
const KEYS = 10_000; // milliseconds that a start waits for keys; longer it does not, since they may come while it serves

/** The service with everything around it. `run` returns after SIGTERM, when nothing is left in flight. */
export class Process {
  private readonly log: Log;
  private readonly clock = new Clock();
  private readonly faults = new Faults(async (id) => (await this.board?.claim(id)) ?? false);
  private readonly database: Database;
  private readonly board: Board | null;
  private readonly keys: Jwks;
  private readonly tracing: Tracing;
  private readonly listeners: Listeners;
  private state: "starting" | "serving" | "stopping" = "starting";

  constructor(private readonly settings: Settings) {
    const { version, broker, sandbox } = settings;
    this.log = new Log(NAME, version);
    this.database = new Database(settings.database, NAME);
    this.keys = new Jwks(() => readKeys(settings.peers));
    this.tracing = new Tracing(NAME, version, settings.otlpEndpoint, settings.otlpTimeout);
    this.board = broker && new Board(broker, this.log, ({ moved, frozen, faults }) => {
      this.clock.set(moved, frozen);
      this.faults.replace(faults);
    });
    const processor = new Processor(new Repository(this.database), this.clock, randomCode, sandbox);
    this.listeners = this.listenersOf(processor);
  }

  /** Throws WrongSetting when it cannot listen, and whatever keeps the service from starting, except that something is away. */
  async run(): Promise<void> {
    const stop = new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => resolve());
    });
    await this.listeners.start();
    await Promise.race([stop, this.start().then(() => stop)]);
    this.state = "stopping";
    await this.listeners.stop(this.settings.drain);
    await Promise.all([this.board?.stop(), this.database.close()]);
    this.log.info("service.stopped");
    await this.tracing.close();
  }

  private listenersOf(processor: Processor): Listeners {
    const { version, callers, subjectPrefix, host, port, publicPort, logRequests } = this.settings;
    const metrics = new Metrics(NAME, version, this.database);
    const verifier = new Verifier(this.keys, NAME, subjectPrefix, callers);
    const parts = { verifier, faults: this.faults, metrics, tracing: this.tracing, log: this.log, logRequests };
    const probes = probesOf(version, this.database, metrics, this.board, () => this.notReady());
    return new Listeners(host, [
      [new Edge([...routesOf(processor), ...probes], parts), port],
      [new Edge([], parts), publicPort], // nothing of processor is public
    ]);
  }

  private notReady(): string {
    if (this.state !== "serving") return `This process is ${this.state}.`;
    return this.settings.sandbox ? (this.board?.behind ?? "") : "";
  }

  /** Serve as soon as the database is there; until then this process is alive and not ready. */
  private async start(): Promise<void> {
    this.board?.start();
    while (!(await this.begun())) await sleep(PAUSE);
    const known = this.readKeys();
    await Promise.race([known, sleep(KEYS)]);
    if (this.stopping()) return;
    this.state = "serving";
    this.log.info("service.started", { port: this.settings.port, public_port: this.settings.publicPort });
    await known;
  }

  /** Until the keys of tokens are there: a first request without them would be refused. */
  private async readKeys(): Promise<void> {
    if (await this.keys.read()) return;
    this.log.warning("service.waits", { reason: "The keys of service tokens cannot be read." });
    while (!(await this.keys.read())) await sleep(PAUSE);
  }

  private stopping(): boolean {
    return this.state === "stopping";
  }

  private async begun(): Promise<boolean> {
    try {
      await this.database.alive();
      return true;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.log.warning("service.waits", { reason: error.message });
      return false;
    }
  }
}
