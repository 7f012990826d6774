/** The public keys by which we know others' tokens. */

import { readFile } from "node:fs/promises";
import { get as getPlain } from "node:http";
import { type RequestOptions, get as getSecure } from "node:https";
import { text } from "node:stream/consumers";

import type { JWK } from "jose";

import type { KeySet } from "./settings.js";

const PATIENCE = 5000; // milliseconds for a source of keys

/** Read the key set (RFC 7517) as it is now; token and authority are read anew each time, since they rotate. Throws when it cannot be had. */
export async function readKeys(keys: KeySet): Promise<{ keys: JWK[] }> {
  const content = /^https?:/.test(keys.place) ? await download(keys) : await readFile(keys.place, "utf8");
  return JSON.parse(content) as { keys: JWK[] };
}

/** A connection of its own each time: it is asked once in minutes, and then of whoever serves now. */
async function download(keys: KeySet): Promise<string> {
  const options: RequestOptions = { agent: false, signal: AbortSignal.timeout(PATIENCE) };
  if (keys.token) options.headers = { authorization: `Bearer ${(await readFile(keys.token, "utf8")).trim()}` };
  if (keys.authority) options.ca = await readFile(keys.authority);
  const get = keys.place.startsWith("https:") ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    const request = get(keys.place, options, (response) => {
      if (response.statusCode === 200) text(response).then(resolve, reject);
      else reject(new Error(`status ${response.statusCode}`));
    });
    request.on("error", reject);
  });
}
