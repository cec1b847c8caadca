import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";

/** A certificate that vouches for itself, and its key; both PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const ecdsaWithSha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const commonName = [0x55, 0x04, 0x03];
const subjectAltName = [0x55, 0x1d, 0x11];
const basicConstraints = [0x55, 0x1d, 0x13];

/** For localhost and 127.0.0.1, good for a day: written by hand, since Node makes none and tests should need no program. */
export function selfSigned(name: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(tagged(0x06, Buffer.from(ecdsaWithSha256)));
  const named = sequence(
    tagged(0x31, sequence(tagged(0x06, Buffer.from(commonName)), tagged(0x0c, Buffer.from(name)))),
  );
  const alternatives = sequence(
    tagged(0x82, Buffer.from("localhost")),
    tagged(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const extension = (id: readonly number[], value: Buffer) =>
    sequence(tagged(0x06, Buffer.from(id)), tagged(0x04, value));
  const isAuthority = sequence(tagged(0x01, Buffer.from([0xff])));
  const serial = Buffer.from([1, ...Buffer.from(String(Date.now()))].slice(0, 16));
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    algorithm,
    named,
    sequence(time(Date.now() - dayMs), time(Date.now() + dayMs)),
    named,
    publicKey.export({ format: "der", type: "spki" }),
    tagged(0xa3, sequence(extension(subjectAltName, alternatives), extension(basicConstraints, isAuthority))),
  );
  const key = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const signature = sign("sha256", body, createPrivateKey(key));
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { cert, key };
}

function time(atMs: number): Buffer {
  const text = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  return tagged(0x17, Buffer.from(text.slice(2)));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** DER: a tag, a length, the content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, Math.floor(length / 256), length % 256];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
