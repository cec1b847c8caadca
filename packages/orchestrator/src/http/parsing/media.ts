import type { Media } from "@muster/base";
import { wrong } from "./body.ts";
import { limits } from "./limits.ts";

const imageTypes = ["image/png", "image/jpeg", "image/webp", "image/gif"] as const;
const audioTypes = { wav: "audio/wav", mp3: "audio/mpeg" } as const;

type MediaType = (typeof imageTypes)[number] | (typeof audioTypes)[keyof typeof audioTypes];

/** How the bytes of each type begin. */
const magic: Record<MediaType, (head: Buffer) => boolean> = {
  "image/png": (head) => head.subarray(0, 8).equals(Buffer.from("\x89PNG\r\n\x1a\n", "latin1")),
  "image/jpeg": (head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff,
  "image/webp": (head) => ascii(head, 0, 4) === "RIFF" && ascii(head, 8, 12) === "WEBP",
  "image/gif": (head) => ascii(head, 0, 6) === "GIF87a" || ascii(head, 0, 6) === "GIF89a",
  "audio/wav": (head) => ascii(head, 0, 4) === "RIFF" && ascii(head, 8, 12) === "WAVE",
  // An ID3 tag, or the 11 set bits that a frame begins with.
  "audio/mpeg": (head) =>
    ascii(head, 0, 3) === "ID3" || (head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0),
};

/** Of what stands before the comma of a `data:` URL. */
const maxUrlHeadLength = 128;

/** Where in a message it stands, and which field of the request says so. */
export interface MediaPlace {
  readonly at: number;
  readonly param: string;
}

/** An image from a `data:` URL. Others are refused: the service does not fetch what clients name. */
export function imageFromUrl(url: string, place: MediaPlace): Media {
  if (/^https?:/i.test(url)) {
    throw wrong(
      place.param,
      "images are taken as data: URLs only (data:image/png;base64,...); this service fetches nothing.",
    );
  }
  const comma = url.slice(0, maxUrlHeadLength).indexOf(",");
  const [mediaType = "", ...attributes] = url
    .slice(0, Math.max(0, comma))
    .replace(/^data:/i, "")
    .split(";");
  if (!/^data:/i.test(url) || comma < 0 || attributes.at(-1)?.toLowerCase() !== "base64")
    throw wrong(place.param, "it must be a data: URL with base64: data:image/png;base64,...");
  return imageFromBase64(mediaType.toLowerCase(), url.slice(comma + 1), place);
}

/** An image from its type and its bytes. Throws `invalid_request` for other types, and for bytes of another type. */
export function imageFromBase64(mediaType: string, base64: string, { at, param }: MediaPlace): Media {
  const type = imageTypes.find((known) => known === mediaType.replace("image/jpg", "image/jpeg"));
  if (type === undefined)
    throw wrong(param, `an image must be one of ${imageTypes.join(", ")}, not "${mediaType.slice(0, 64)}".`);
  return { kind: "image", mediaType: type, base64: checked(type, base64, param), at };
}

export function audioFromBase64(format: "wav" | "mp3", base64: string, { at, param }: MediaPlace): Media {
  const type = audioTypes[format];
  return { kind: "audio", mediaType: type, base64: checked(type, base64, param), at };
}

export function requireFewMedia(count: number, param: string): void {
  if (count > limits.maxMediaParts)
    throw wrong(
      param,
      `one request may hold at most ${limits.maxMediaParts} images and recordings, not ${count}.`,
    );
}

function checked(type: MediaType, base64: string, param: string): string {
  if (base64 === "") throw wrong(param, "it is empty.");
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw wrong(param, "its data is not valid base64.");
  if ((base64.length / 4) * 3 > limits.maxImageBytes + 2)
    throw wrong(param, `it is larger than ${limits.maxImageBytes} bytes.`);
  if (!magic[type](Buffer.from(base64.slice(0, 16), "base64")))
    throw wrong(param, `its bytes are not those of ${type}.`);
  return base64;
}

function ascii(bytes: Buffer, from: number, to: number): string {
  return bytes.subarray(from, to).toString("latin1");
}
