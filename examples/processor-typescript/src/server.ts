/** Listening, and letting go of it without losing a request. */

import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import type { Edge } from "./edge.js";
import { WrongSetting } from "./settings.js";

const KEEP_ALIVE = 120_000; // milliseconds a connection may idle: longer than any client or gateway keeps one
const FINISHING = 30_000; // milliseconds for requests in flight, after the listener has closed
const BACKLOG = 2048;

/** A server for each edge. */
export class Listeners {
  private readonly servers: [server: Server, port: number][];
  private closing = false;

  constructor(
    private readonly host: string,
    edges: [edge: Edge, port: number][],
  ) {
    this.servers = edges.map(([edge, port]) => [this.serverOf(edge), port]);
  }

  /** Throws WrongSetting when an address cannot be had. */
  async start(): Promise<void> {
    for (const [server, port] of this.servers) {
      await new Promise<void>((resolve, reject) => {
        const failed = ({ code }: NodeJS.ErrnoException) => reject(new WrongSetting(`cannot listen on ${this.host}:${port} (${code})`));
        server.once("error", failed).listen({ host: this.host, port, backlog: BACKLOG }, resolve);
      });
    }
  }

  /** Serve on for `drain` seconds, closing each connection after its answer; then close the listeners and finish what is in flight. */
  async stop(drain: number): Promise<void> {
    this.closing = true;
    await sleep(drain * 1000);
    const closed = this.servers.map(([server]) => new Promise((resolve) => server.close(resolve))); // idle connections end with it
    const late = setTimeout(() => this.servers.forEach(([server]) => server.closeAllConnections()), FINISHING);
    await Promise.all(closed);
    clearTimeout(late);
  }

  private serverOf(edge: Edge): Server {
    return createServer({ keepAliveTimeout: KEEP_ALIVE }, (request, response) => void this.answer(edge, request, response));
  }

  private async answer(edge: Edge, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await edge.serve(request);
    if (answer === null) {
      request.socket.destroy();
      return;
    }
    if (this.closing) response.setHeader("connection", "close");
    response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) }).end(answer.body);
  }
}
