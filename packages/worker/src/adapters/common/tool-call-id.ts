import { randomInt } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const idLength = 24;

/** As OpenAI's look: `call_` and 24 letters or digits. */
export function makeCallId(): string {
  return `call_${Array.from({ length: idLength }, () => alphabet[randomInt(alphabet.length)]).join("")}`;
}
