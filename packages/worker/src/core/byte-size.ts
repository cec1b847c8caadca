import { MusterError } from "@muster/base";

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** `512MB`, `1.5 GiB`, `0`: units are powers of 1,024, as memory is sold. Throws `invalid_request` naming `setting`. */
export function parseByteSize(text: string, setting: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = Number(found?.[1]) * (units[found?.[2]?.toLowerCase() ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(Math.round(bytes))) return Math.round(bytes);
  throw new MusterError(
    "invalid_request",
    `${setting} is "${text}": write a size such as 512MB, 2GB or 1.5GB.`,
    { param: setting },
  );
}
