/**
 * API keys as text: `mst_<id>_<secret><checksum>`, 64 characters. The id is no secret: it is found in lists and logs. The
 * checksum tells a typing error, and a key from other text, without asking anybody.
 */
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Lower case, without vowels and what looks like something else. */
const idAlphabet = "23456789bcdfghjkmnpqrstvwxz";
const keyIdLength = 10;
const secretLength = 43;
const checksumLength = 6;
/** Of a secret: 256 bits. */
export const secretBytes = 32;

/** For scanners of secrets as well; docs/keys.md shows it. */
const keyPattern = /^mst_([2-9b-df-hj-km-np-tv-xz]{10})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** `bytes`: chance, one for each character. */
export function shortId(bytes: Uint8Array): string {
  let id = "";
  for (let at = 0; at < keyIdLength; at++) id += idAlphabet[(bytes[at] ?? 0) % idAlphabet.length];
  return id;
}

/** `bytes`: 32 of chance. */
export function keyText(id: string, bytes: Uint8Array): string {
  let number = 0n;
  for (const byte of bytes) number = number * 256n + BigInt(byte);
  const body = `mst_${id}_${inBase62(number, secretLength)}`;
  return body + checksumOf(body);
}

export type ReadKey =
  | { readonly kind: "key"; readonly id: string }
  /** It looks like one, and a character is wrong or missing. */
  | { readonly kind: "damaged" }
  | { readonly kind: "other" };

export function readKey(text: string): ReadKey {
  if (!text.startsWith("mst_")) return { kind: "other" };
  const [, id, , checksum] = keyPattern.exec(text) ?? [];
  if (id === undefined || checksum !== checksumOf(text.slice(0, -checksumLength))) return { kind: "damaged" };
  return { kind: "key", id };
}

function checksumOf(body: string): string {
  return inBase62(BigInt(crc32(body)), checksumLength);
}

function inBase62(value: bigint, length: number): string {
  let rest = value;
  let text = "";
  for (let at = 0; at < length; at++) {
    text = (base62[Number(rest % 62n)] ?? "") + text;
    rest /= 62n;
  }
  return text;
}

/** CRC-32 as zlib has it, of a text of ASCII. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at) & 0xff;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
