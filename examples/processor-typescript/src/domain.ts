/** What banks answer: pure rules of a simulated outside world. Response codes are the wire contract's (section 7.5). */

export const APPROVED = "0000";
const EXPIRED = "5400";
const INVALID_AMOUNT = "1310";
const UNKNOWN_TRANSACTION = "1312";
const CANCELLED = "0R00";

/** By the decline that the name on a test card asks for. */
const SCENARIOS = new Map([
  ["CCREJECT-REFUSED", "0500"],
  ["CCREJECT-SF", "9500"],
  ["CCREJECT-EC", EXPIRED],
  ["CCREJECT-IRC", "5180"],
  ["CCREJECT-IF", "5120"],
  ["CCREJECT-LS", "9520"],
  ["CCREJECT-IA", "1330"],
  ["CCREJECT-BANK_ERROR", "5100"],
  ["CCREJECT-CVV_F", "00N7"],
]);
/** By brand and last digits of published test numbers that stand for a decline. */
const DECLINING_CARDS = new Map([["VISA 0002", "0500"]]);
const NETWORKS = new Set(["VISA", "MASTERCARD", "DISCOVER", "AMEX", "JCB", "MAESTRO"]);
const OVERAGE_PERCENT = 115n; // banks let a capture exceed its authorization a little

export type Kind = "charge" | "authorize" | "capture" | "void" | "refund";
export type CardKind = "charge" | "authorize";
export type FollowUpKind = "capture" | "void" | "refund";

const ABOUT: Record<FollowUpKind, Kind[]> = { capture: ["authorize"], void: ["authorize"], refund: ["charge", "capture"] };

/** What is asked, without its answer. `amount` in minor units; a void has none. */
export interface Request {
  key: string;
  kind: Kind;
  amount: bigint;
  currency: string;
  original: string | null;
  token: string | null;
  reference: string;
}

export interface Verdict {
  responseCode: string;
  avsCode: string | null;
  cvvCode: string | null;
  network: string | null;
}

/** A request with its verdict. `used`: captured of an authorization, refunded of a charge or a capture. */
export interface Stored {
  request: Request;
  verdict: Verdict;
  networkReference: string | null;
  acquirerReference: string | null;
  used: bigint;
  voided: boolean;
}

export interface Card {
  brand: string;
  lastDigits: string;
  expiry: string; // YYYY-MM
  scenario: string;
}

export function approved(verdict: Verdict): boolean {
  return verdict.responseCode === APPROVED;
}

/** The original, once an approved follow-up is counted. */
export function after(original: Stored, followUp: Request): Stored {
  return followUp.kind === "void" ? { ...original, voided: true } : { ...original, used: original.used + followUp.amount };
}

/** What the card's bank says to a charge or an authorization. A card is good until the end of the month of its expiry. */
export function judgeCard(card: Card, now: Date): Verdict {
  const network = NETWORKS.has(card.brand) ? card.brand : null;
  const expired = card.expiry < now.toISOString().slice(0, "YYYY-MM".length);
  const declined = SCENARIOS.get(card.scenario) ?? (expired ? EXPIRED : DECLINING_CARDS.get(`${card.brand} ${card.lastDigits}`));
  if (declined !== undefined) return { responseCode: declined, avsCode: "G", cvvCode: "P", network };
  return { responseCode: APPROVED, avsCode: "Y", cvvCode: "M", network };
}

/** What becomes of a capture, void or refund: never more than was authorized (or a little over) or charged. */
export function judgeFollowUp(kind: FollowUpKind, request: Request, original: Stored | null): Verdict {
  if (original === null || !approved(original.verdict) || !ABOUT[kind].includes(original.request.kind)) {
    return plain(UNKNOWN_TRANSACTION, null);
  }
  const { network } = original.verdict;
  if (kind === "void") return plain(APPROVED, network);
  if (original.voided) return plain(CANCELLED, network);
  const fits = original.used + request.amount <= limit(kind, original.request.amount);
  return request.currency === original.request.currency && fits ? original.verdict : plain(INVALID_AMOUNT, network);
}

function plain(responseCode: string, network: string | null): Verdict {
  return { responseCode, avsCode: null, cvvCode: null, network };
}

function limit(kind: FollowUpKind, amount: bigint): bigint {
  return kind === "capture" ? (amount * OVERAGE_PERCENT) / 100n : amount;
}
