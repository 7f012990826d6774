/** What the operator has done, in a key-value bucket that every process follows; news of it come at once. */

import { StorageType } from "@nats-io/jetstream";
import { type KvEntry, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";

import { Broker, type Connected } from "./broker.js";
import { type Doings, readDoings } from "./doings.js";
import { Unavailable } from "./errors.js";
import type { Log } from "./log.js";
import type { BrokerSettings } from "./settings.js";

const CONTROL = "FARTHING_CONTROL";
const KEY = "doings";
const NEWS = "farthing.control.news";
const CLAIMS = "farthing.control.claims";
const LOOK = 2000; // milliseconds between two looks at the bucket
const PATIENCE = 5000; // milliseconds for `seen`
const COUNTING = 2000; // milliseconds for the console to count a hit
const UNKNOWN = "This process does not know yet what the operator did.";

/** The board of one process. It is behind until it has read the bucket once; later it keeps what it knows while the broker is away. */
export class Board {
  private readonly broker: Broker;
  private number = -1; // of the publication that this process has followed
  private readonly waiting = new Set<() => void>();
  private heardFrom: NatsConnection | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    settings: BrokerSettings,
    private readonly log: Log,
    private readonly apply: (doings: Doings) => void,
  ) {
    this.broker = new Broker(settings, log, () => void this.look());
  }

  /** Why this process is not ready, or nothing. */
  get behind(): string {
    return this.number < 0 ? UNKNOWN : "";
  }

  start(): void {
    this.broker.open();
    this.timer = setInterval(() => void this.look(), LOOK);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.broker.close();
  }

  /** Wait until this process has followed that publication. Throws Unavailable when that takes too long. */
  async seen(number: number): Promise<void> {
    const until = performance.now() + PATIENCE;
    while (this.number < number) {
      if (performance.now() >= until) throw new Unavailable(UNKNOWN);
      await this.moved(Math.min(LOOK, until - performance.now()));
    }
  }

  /** Ask whoever counts; a fault that nobody counts does not strike. */
  async claim(faultId: string): Promise<boolean> {
    try {
      return await this.broker.asking(async ({ client }) => (await client.request(CLAIMS, faultId, { timeout: COUNTING })).string() === "1");
    } catch {
      return false;
    }
  }

  private moved(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, patience);
      this.waiting.add(done);
    });
  }

  /** Look at the bucket, and listen for news from then on. Never throws. */
  private async look(): Promise<void> {
    try {
      const before = this.number;
      const entry = await this.broker.asking((connected) => this.entry(connected));
      if (this.number === before) this.take(entry); // else news overtook this answer
    } catch (error) {
      if (!(error instanceof Unavailable)) this.log.error("control.failed", error);
    }
  }

  private async entry({ client, stream }: Connected): Promise<KvEntry | null> {
    if (this.heardFrom !== client) {
      this.heardFrom = client; // when its connection comes back, it subscribes again by itself
      client.subscribe(NEWS, { callback: (error, message) => (error ? this.log.warning("broker.trouble") : this.hear(message.string())) });
      await client.flush();
    }
    const bucket = await new Kvm(stream).create(CONTROL, { history: 1, storage: StorageType.File, replicas: this.broker.replicas });
    return bucket.get(KEY);
  }

  private take(entry: KvEntry | null): void {
    if (entry === null) {
      this.number = Math.max(this.number, 0); // nothing was ever done: real time, no faults
    } else if (entry.revision !== this.number) {
      this.number = -1; // smaller: the bucket was made anew
      this.follow(entry.revision, entry.string());
    }
  }

  /** News: the publication's number, a line feed, and what was published. */
  private hear(news: string): void {
    const end = news.indexOf("\n");
    try {
      this.follow(Number(news.slice(0, end)), news.slice(end + 1));
    } catch (error) {
      this.log.error("control.failed", error);
    }
  }

  private follow(number: number, raw: string): void {
    if (number <= this.number) return;
    this.apply(readDoings(raw));
    this.number = number;
    for (const done of [...this.waiting]) done();
  }
}
