/** The connection to NATS: made in the background, kept, and made again. */

import { setTimeout as sleep } from "node:timers/promises";

import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import { type NatsConnection, connect } from "@nats-io/transport-node";

import { Unavailable } from "./errors.js";
import type { Log } from "./log.js";
import { type BrokerSettings, NAME } from "./settings.js";

const PATIENCE = 3000; // milliseconds for one question to the broker
const PAUSE = 500; // milliseconds between two attempts to connect

export interface Connected {
  client: NatsConnection;
  stream: JetStreamClient;
}

export class Broker {
  private connected: Connected | null = null;
  private away = true;
  private closed = false;

  /** `cameBack` is called whenever there is a connection again. */
  constructor(
    private readonly settings: BrokerSettings,
    private readonly log: Log,
    private readonly cameBack: () => void,
  ) {}

  get replicas(): number {
    return this.settings.replicas;
  }

  /** Begin to connect; nobody waits for it here. */
  open(): void {
    void this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.connected?.client.close();
  }

  /** Throws Unavailable instead of whatever the client throws. */
  async asking<T>(ask: (connected: Connected) => Promise<T>): Promise<T> {
    if (this.connected === null || this.away) throw brokerAway();
    try {
      return await ask(this.connected);
    } catch (error) {
      this.log.warning("broker.failed", { error: (error as Error).constructor.name });
      throw brokerAway();
    }
  }

  private async connect(): Promise<void> {
    while (!this.closed && this.connected === null) {
      try {
        const client = await connect(optionsOf(this.settings));
        this.connected = { client, stream: jetstream(client, { timeout: PATIENCE }) };
        void this.watch(client);
        this.back();
      } catch {
        await sleep(PAUSE);
      }
    }
  }

  private async watch(client: NatsConnection): Promise<void> {
    for await (const status of client.status()) {
      if (status.type === "reconnect") this.back();
      else if (status.type === "disconnect") {
        this.away = true;
        this.log.warning("broker.away");
      }
    }
    this.connected = null; // it has given up, as it does when it was refused twice
    void this.connect();
  }

  private back(): void {
    this.away = false;
    this.log.info("broker.connected");
    this.cameBack();
  }
}

function optionsOf({ url, user, password }: BrokerSettings) {
  return {
    servers: url,
    name: `farthing-${NAME}`,
    inboxPrefix: `_INBOX.${NAME}`, // where its answers come; a broker lets nobody else listen there
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: PAUSE,
    timeout: 2000,
    pingInterval: 10_000,
    maxPingOut: 2,
  };
}

function brokerAway(): Unavailable {
  return new Unavailable("The message broker cannot be reached.");
}
