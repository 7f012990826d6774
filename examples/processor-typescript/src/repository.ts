/** All SQL of processor, on the tables that the Python service's migrations make. */

import { isDeepStrictEqual } from "node:util";

import type { Ask, Database, Row } from "./database.js";
import { type Kind, type Request, type Stored, after, approved } from "./domain.js";

const COLUMNS = `key, kind, original, token, amount, currency, reference, approved, response_code, avs_code, cvv_code, network,
  network_reference, acquirer_reference, used, voided`;
// On a known key nothing changes, and the row that is there is answered.
const STORE = {
  name: "store",
  text: `INSERT INTO requests (key, kind, original, token, amount, currency, reference, approved, response_code, avs_code, cvv_code, network,
    network_reference, acquirer_reference, at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  ON CONFLICT (key) DO UPDATE SET key = excluded.key
  RETURNING ${COLUMNS}`,
};
const FIND = { name: "find", text: `SELECT ${COLUMNS} FROM requests WHERE key = $1` };
const LOCK = { name: "lock", text: `${FIND.text} FOR UPDATE` };
const COUNT = { name: "count", text: "UPDATE requests SET used = $2, voided = $3 WHERE key = $1" };

export class Repository {
  constructor(private readonly database: Database) {}

  /** Store once per key, and answer what the key has. */
  async store(made: Stored, at: Date): Promise<Stored> {
    return stored(await this.database.row(STORE, ...values(made, at)))!;
  }

  async find(key: string): Promise<Stored | null> {
    return stored(await this.database.row(FIND, key));
  }

  /** Let `decide` judge a request about an earlier one, which is locked meanwhile; answer what the key has. */
  followUp(request: Request, decide: (original: Stored | null) => Stored, at: Date): Promise<Stored> {
    return this.database.transaction(async (ask) => {
      const original = stored(await ask(LOCK, request.original));
      const known = stored(await ask(FIND, request.key));
      if (known !== null) return known;
      const made = decide(original);
      const found = stored(await ask(STORE, ...values(made, at)))!;
      if (original !== null && approved(made.verdict) && isDeepStrictEqual(found, made)) await count(ask, after(original, request));
      return found;
    });
  }
}

async function count(ask: Ask, changed: Stored): Promise<void> {
  await ask(COUNT, changed.request.key, changed.used, changed.voided);
}

function values({ request, verdict, networkReference, acquirerReference }: Stored, at: Date): unknown[] {
  return [
    ...[request.key, request.kind, request.original, request.token, request.amount, request.currency, request.reference],
    ...[approved(verdict), verdict.responseCode, verdict.avsCode, verdict.cvvCode, verdict.network],
    ...[networkReference, acquirerReference, at],
  ];
}

function stored(row: Row | null): Stored | null {
  if (row === null) return null;
  const text = (name: string) => row[name] as string;
  const perhaps = (name: string) => row[name] as string | null;
  return {
    request: {
      key: text("key"),
      kind: row.kind as Kind,
      amount: row.amount as bigint,
      currency: text("currency"),
      original: perhaps("original"),
      token: perhaps("token"),
      reference: text("reference"),
    },
    verdict: {
      responseCode: text("response_code"),
      avsCode: perhaps("avs_code"),
      cvvCode: perhaps("cvv_code"),
      network: perhaps("network"),
    },
    networkReference: perhaps("network_reference"),
    acquirerReference: perhaps("acquirer_reference"),
    used: row.used as bigint,
    voided: row.voided as boolean,
  };
}
