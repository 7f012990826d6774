/** What the process is told from outside, read and checked before anything else is done: the variables of docs/guides/one-service.md. */

import { readFileSync } from "node:fs";

export type Environment = Record<string, string | undefined>;

export const NAME = "processor";

/** A wrong setting: one line that names it and says what may stand there. */
export class WrongSetting extends Error {}

/** Where public keys are: a URL, with a bearer token and a certificate authority in files if it needs them, or a file. */
export interface KeySet {
  place: string;
  token: string | undefined;
  authority: string | undefined;
}

export interface BrokerSettings {
  url: string;
  user: string | undefined;
  password: string | undefined;
  replicas: number;
}

export interface Settings {
  version: string;
  sandbox: boolean;
  logRequests: boolean;
  otlpEndpoint: string | undefined;
  otlpTimeout: number; // seconds
  database: string;
  callers: Set<string>;
  peers: KeySet;
  subjectPrefix: string;
  broker: BrokerSettings | null;
  host: string;
  port: number;
  publicPort: number;
  drain: number; // seconds between SIGTERM and the listener's end
}

/** The environment, with FARTHING_X taken from the file that FARTHING_X_FILE names. Throws WrongSetting. */
export function readEnvironment(environment: Environment): Environment {
  const found = { ...environment };
  for (const [name, place] of Object.entries(environment)) {
    if (!name.startsWith("FARTHING_") || !name.endsWith("_FILE") || !place) continue;
    try {
      found[name.slice(0, -"_FILE".length)] ??= readFileSync(place, "utf8").trim();
    } catch (error) {
      throw new WrongSetting(`${name}: ${place} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  return found;
}

/** Throws WrongSetting. */
export function settingsOf(env: Environment, ownVersion: string): Settings {
  return {
    version: env.FARTHING_VERSION || ownVersion,
    sandbox: oneOf("FARTHING_MODE", env.FARTHING_MODE ?? "sandbox", ["sandbox"], ["live"], "sandbox or live"),
    logRequests: oneOf("FARTHING_LOG_REQUESTS", env.FARTHING_LOG_REQUESTS ?? "", ["1", "true"], ["0", "false", ""], "0 or 1"),
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    otlpTimeout: number(env, "OTEL_EXPORTER_OTLP_TIMEOUT", 10),
    database: env.PROCESSOR_DATABASE_URL || needed(env, "DATABASE_URL", "postgresql://user:password@host/database", " (or PROCESSOR_DATABASE_URL)"),
    callers: new Set((env.FARTHING_CALLERS ?? "").split(",").map((name) => name.trim()).filter(Boolean)),
    peers: {
      place: needed(env, "FARTHING_SERVICE_JWKS", "a URL or file with the keys of service tokens"),
      token: env.FARTHING_SERVICE_JWKS_TOKEN || undefined,
      authority: env.FARTHING_SERVICE_JWKS_CA || undefined,
    },
    subjectPrefix: env.FARTHING_SERVICE_SUBJECT_PREFIX ?? "",
    broker: brokerOf(env),
    host: env.HOST || "127.0.0.1",
    port: number(env, "PORT", 8000),
    publicPort: number(env, "PUBLIC_PORT", 8001),
    drain: number(env, "FARTHING_DRAIN_SECONDS", 0),
  };
}

function brokerOf(env: Environment): BrokerSettings | null {
  const url = env.FARTHING_NATS_URL;
  if (!url) return null;
  const [user, password] = [env.FARTHING_NATS_USER || undefined, env.FARTHING_NATS_PASSWORD || undefined];
  return { url, user, password, replicas: number(env, "FARTHING_NATS_REPLICAS", 1) };
}

function needed(env: Environment, name: string, meaning: string, also = ""): string {
  const value = env[name];
  if (!value) throw new WrongSetting(`${name}${also} is not set: ${meaning}`);
  return value;
}

function number(env: Environment, name: string, otherwise: number): number {
  const value = Number(env[name] || otherwise);
  if (!(value >= 0)) throw new WrongSetting(`${name} is '${env[name]}': use a number that is not negative`);
  return value;
}

function oneOf(name: string, value: string, yes: string[], no: string[], choice: string): boolean {
  if (yes.includes(value)) return true;
  if (no.includes(value)) return false;
  throw new WrongSetting(`${name} is '${value}': use ${choice}`);
}
