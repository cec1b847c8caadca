import { describe, expect, it } from "vitest";
import { chooseEncoding } from "./encoding.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = {
  ...{ contentType: "text/javascript", etag: '"a"', plain: bytes("plain") },
  ...{ gzip: bytes("gzip"), brotli: bytes("br") },
};

describe("how a part of the page is sent", () => {
  it.each([
    ["gzip, deflate, br, zstd", "br"],
    ["BR", "br"],
    ["gzip;q=1.0, br; q=0", "gzip"],
    ["br;q=0.000, gzip;q=0.2", "gzip"],
    ["gzip;q=0", undefined],
    ["identity", undefined],
    ["*", undefined],
    ["", undefined],
    [undefined, undefined],
    [["deflate", "gzip"], "gzip"],
  ] as const)("to a client that takes %j is %s", (accepted, encoding) => {
    const chosen = chooseEncoding(accepted === undefined ? undefined : (accepted as string | string[]), file);
    expect(chosen.encoding).toBe(encoding);
    expect(new TextDecoder().decode(chosen.body)).toBe(encoding ?? "plain");
  });

  it("is as it is where the build has not compressed it", () => {
    expect(chooseEncoding("br, gzip", { ...file, brotli: undefined }).encoding).toBe("gzip");
    expect(chooseEncoding("br", { ...file, brotli: undefined }).encoding).toBeUndefined();
  });
});
