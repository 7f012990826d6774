/** The pool of the service, in its own schema under its own role. While PostgreSQL is away every call throws Unavailable. */

import pg from "pg";
import { parse, toClientConfig } from "pg-connection-string";

import { ApiError, Unavailable } from "./errors.js";

const SIZE = 3;
const SETTINGS = {
  plan_cache_mode: "force_generic_plan", // planning was half of PostgreSQL's work
  enable_seqscan: "off", // a generic plan made on an empty table lives on
  jit: "off",
  lock_timeout: "5s",
  statement_timeout: "10s",
  idle_in_transaction_session_timeout: "10s",
  timezone: "UTC",
};
const INT8 = 20;
/** Of the answers that PostgreSQL gives, those that mean that it is away: connections, shutdown, crash, starting, too many clients. */
const AWAY = /^(08...|57P0[123]|53300)$/;

const ALIVE = { name: "alive", text: "SELECT 1 AS one" };

/** A prepared statement: planned once per connection. */
export interface Statement {
  name: string;
  text: string;
}
export type Row = Record<string, unknown>;
export type Ask = (statement: Statement, ...values: unknown[]) => Promise<Row | null>;

export class Database {
  private readonly pool: pg.Pool;

  constructor(dsn: string, schema: string) {
    const types = new pg.TypeOverrides();
    types.setTypeParser(INT8, BigInt);
    const options = Object.entries({ ...SETTINGS, search_path: schema }).map(([name, value]) => `-c ${name}=${value}`);
    this.pool = new pg.Pool({
      ...toClientConfig(parse(dsn, { useLibpqCompat: true })), // sslmode means what it means to the other services
      application_name: `farthing-${schema}`,
      options: options.join(" "),
      types,
      max: SIZE,
      min: 1,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: 10_000,
      query_timeout: 15_000,
      keepAlive: true,
    });
    this.pool.on("error", () => undefined); // an idle connection that ended; the pool has dropped it
  }

  get idle(): number {
    return this.pool.idleCount;
  }

  get used(): number {
    return this.pool.totalCount - this.pool.idleCount;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Throws Unavailable while PostgreSQL is away. */
  async alive(): Promise<void> {
    await this.row(ALIVE);
  }

  /** Execute a statement that commits by itself, and answer its first row. */
  row: Ask = async (statement, ...values) => first(await asked(() => this.pool.query({ ...statement, values })));

  /** For what one statement cannot do: committed when `use` returns, rolled back when it throws. */
  async transaction<T>(use: (ask: Ask) => Promise<T>): Promise<T> {
    const client = await asked(() => this.pool.connect());
    let broken = true;
    try {
      await asked(() => client.query("BEGIN"));
      const result = await use(async (statement, ...values) => first(await asked(() => client.query({ ...statement, values }))));
      await asked(() => client.query("COMMIT"));
      broken = false;
      return result;
    } catch (error) {
      broken = !(await client.query("ROLLBACK").then(() => true, () => false));
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

function first(result: pg.QueryResult<Row>): Row | null {
  return result.rows[0] ?? null;
}

/** Whatever the driver itself throws means that PostgreSQL is away; what PostgreSQL says of a statement mostly does not. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const wrong = error instanceof pg.DatabaseError && !AWAY.test(error.code ?? "");
    if (wrong || error instanceof TypeError || error instanceof ApiError) throw error;
    throw new Unavailable("The database cannot be reached.");
  }
}
