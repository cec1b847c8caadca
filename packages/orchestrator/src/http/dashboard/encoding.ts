import type { SiteFile } from "../../ports/dashboard-site.ts";

interface Encoded {
  /** Undefined: as it is. */
  readonly encoding: "br" | "gzip" | undefined;
  readonly body: Uint8Array;
}

/** The smallest that the client takes. One that is not named is not wanted: `*` is not looked at. */
export function chooseEncoding(accepted: string | string[] | undefined, file: SiteFile): Encoded {
  const wanted = new Set(
    [accepted ?? []]
      .flat()
      .flatMap((header) => header.toLowerCase().split(","))
      .map((each) => each.split(";").map((part) => part.trim()))
      .filter(([, weight]) => weight === undefined || !/^q=0(\.0*)?$/.test(weight))
      .map(([name]) => name),
  );
  if (wanted.has("br") && file.brotli !== undefined) return { encoding: "br", body: file.brotli };
  if (wanted.has("gzip") && file.gzip !== undefined) return { encoding: "gzip", body: file.gzip };
  return { encoding: undefined, body: file.plain };
}
