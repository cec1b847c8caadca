import { createPublicKey, generateKeyPair, sign } from "node:crypto";
import { promisify } from "node:util";

/** Makes a key of P-256, which never leaves this machine. PEM. */
export async function makeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * A certificate request (PKCS#10) for the key, DER. Its subject is empty: the orchestrator names the worker. Written here,
 * since it is a dozen bytes around the key and its signature; whoever has to read one uses a library for it.
 */
export function certificateRequest(key: string): Buffer {
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const version = Buffer.from([tags.integer, 1, 0]);
  const noAttributes = Buffer.from([tags.attributes, 0]);
  const told = sequence(version, sequence(), publicKey, noAttributes);
  const signature = sign("sha256", told, key);
  return sequence(
    told,
    sequence(ecdsaWithSha256),
    tagged(tags.bitString, Buffer.concat([noUnusedBits, signature])),
  );
}

const tags = { integer: 0x02, bitString: 0x03, sequence: 0x30, attributes: 0xa0 } as const;
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = Buffer.from("06082a8648ce3d040302", "hex");
const noUnusedBits = Buffer.from([0]);

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(tags.sequence, Buffer.concat(parts));
}

function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(length)]), content]);
}

/** In as few bytes as it can be: anything else is not DER. */
function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
