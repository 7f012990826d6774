/** Service tokens, verified offline: Ed25519, or RSA of 2048 bits and more. A verified token is remembered for ten minutes, or until it expires. */

import { type CryptoKey, type JWK, decodeProtectedHeader, errors, importJWK, jwtVerify } from "jose";

import { Unauthenticated, Unavailable, notPermitted } from "./errors.js";

const MOST_REMEMBERED = 20_000;
const LEEWAY = 30; // seconds between two machines' clocks
const REMEMBERED = 600; // seconds until a token's signature is checked again
const PAUSE = 1000; // milliseconds between two questions to a source of keys
const FRESH = 300_000; // milliseconds until the source is asked again for keys that are known

/** The algorithm is said by the key's type and never by the token, who could ask for a weaker one. */
interface Key {
  algorithm: "EdDSA" | "RS256";
  key: CryptoKey | Uint8Array;
}

/**
 * Public keys by id. An unknown id makes it ask the source again, at most once a second, a known one every five minutes; while the source is
 * away the known keys stay.
 */
export class Jwks {
  private keys = new Map<string, Key>();
  private asked = -Infinity;
  private answered = true;
  private asking: Promise<void> | null = null; // many tokens with one new id: one question

  constructor(private readonly fetch: () => Promise<{ keys: JWK[] }>) {}

  /** Throws Unavailable when the id is unknown and the source does not answer: nobody knows then. */
  async key(kid: string): Promise<Key | undefined> {
    if (!this.keys.has(kid) || performance.now() - this.asked > FRESH) await this.ask();
    const key = this.keys.get(kid);
    if (key === undefined && !this.answered) throw new Unavailable("The keys that tokens are signed with cannot be read.");
    return key;
  }

  /** Ask the source now, before anybody needs a key, and answer whether it answered. */
  async read(): Promise<boolean> {
    await this.ask();
    return this.answered && this.keys.size > 0;
  }

  private ask(): Promise<void> {
    this.asking ??= this.askOnce().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async askOnce(): Promise<void> {
    if (performance.now() - this.asked <= PAUSE) return; // a flood of made-up ids must not flood the source
    this.asked = performance.now();
    this.answered = false;
    try {
      this.keys = await usable((await this.fetch()).keys);
      this.answered = true;
    } catch {
      // a source that fails, however, is away
    }
  }
}

async function usable(jwks: JWK[]): Promise<Map<string, Key>> {
  const found = new Map<string, Key>();
  for (const jwk of jwks) {
    const algorithm = jwk.kty === "RSA" ? "RS256" : jwk.crv === "Ed25519" ? "EdDSA" : null;
    if (jwk.kid !== undefined && algorithm !== null) found.set(jwk.kid, { algorithm, key: await importJWK(jwk, algorithm) });
  }
  return found;
}

/** Turns a bearer token into the name of the service that calls, and admits it if it is one of `callers`. */
export class Verifier {
  private readonly verified = new Map<string, { subject: string; expires: number }>();

  /** `prefix` stands before the name in every subject; a token without it is somebody else's, whoever signed it. */
  constructor(
    private readonly keys: Jwks,
    private readonly audience: string,
    private readonly prefix: string,
    private readonly callers: Set<string>,
  ) {}

  /** Throws Unauthenticated; a 403 when this service has no edge to us; Unavailable while the token's key cannot be read. */
  async admit(authorization: string | undefined): Promise<void> {
    if (authorization?.slice(0, 7).toLowerCase() !== "bearer ") throw new Unauthenticated();
    const token = authorization.slice(7);
    const known = this.verified.get(token);
    const subject = known !== undefined && known.expires > Date.now() / 1000 ? known.subject : await this.verify(token);
    if (!this.callers.has(subject)) throw notPermitted();
  }

  private async verify(token: string): Promise<string> {
    const { sub, exp } = await this.claims(token);
    if (!sub.startsWith(this.prefix) || sub === this.prefix) throw new Unauthenticated();
    if (this.verified.size >= MOST_REMEMBERED) this.verified.clear();
    const subject = sub.slice(this.prefix.length);
    this.verified.set(token, { subject, expires: Math.min(exp, Date.now() / 1000 + REMEMBERED) });
    return subject;
  }

  private async claims(token: string): Promise<{ sub: string; exp: number }> {
    try {
      const found = await this.keys.key(decodeProtectedHeader(token).kid ?? "");
      if (found === undefined) throw new Unauthenticated();
      const options = { algorithms: [found.algorithm], audience: this.audience, clockTolerance: LEEWAY, requiredClaims: ["exp", "sub"] };
      const { payload } = await jwtVerify(token, found.key, options);
      return { sub: String(payload.sub), exp: Number(payload.exp) };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Unauthenticated("Access Token has expired");
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw new Unauthenticated(); // TypeError: no token, or a small key
      throw error;
    }
  }
}
