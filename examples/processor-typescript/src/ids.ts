import { randomInt } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export type Code = (length: number) => string;

/** Upper-case letters and digits from the operating system's randomness. */
export const randomCode: Code = (length) => Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
