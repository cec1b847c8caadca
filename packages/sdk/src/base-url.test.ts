import { describe, expect, it } from "vitest";
import { pathOf, serverRoot } from "./base-url.ts";

describe("serverRoot", () => {
  it.each([
    ["http://127.0.0.1:11500", "http://127.0.0.1:11500"],
    ["http://127.0.0.1:11500/", "http://127.0.0.1:11500"],
    ["http://127.0.0.1:11500/v1", "http://127.0.0.1:11500"],
    ["http://127.0.0.1:11500/v1/", "http://127.0.0.1:11500"],
    ["https://gpu.example/muster/v1//", "https://gpu.example/muster"],
    ["https://gpu.example/muster", "https://gpu.example/muster"],
    ["https://gpu.example/apiv1", "https://gpu.example/apiv1"],
    ["http://[::1]:8080/v1", "http://[::1]:8080"],
  ])("reads %s", (baseUrl, root) => {
    expect(serverRoot(baseUrl)).toBe(root);
  });

  it.each([
    ["127.0.0.1:11500", "is not a URL"],
    ["localhost:11500", "does not start with http"],
    ["ftp://gpu.example", "does not start with http"],
    ["http://gpu.example/v1?x=1", "has a query"],
    ["", "is not a URL"],
  ])("refuses %s and says why", (baseUrl, why) => {
    expect(() => serverRoot(baseUrl)).toThrow(why);
  });

  it("does not repeat a password in its message", () => {
    expect(() => serverRoot("http://me:secret@gpu.example")).toThrow(/^(?!.*secret).*apiKey/);
    expect(() => serverRoot("http://me:a@secret@gpu.example")).toThrow(/^(?!.*secret).*apiKey/);
  });
});

describe("pathOf", () => {
  it("keeps the slashes of a name and encodes the rest", () => {
    expect(pathOf("owner/model name?")).toBe("owner/model%20name%3F");
  });

  it.each(["", "..", "a/../b", "a//b", "."])("refuses %j, which leads elsewhere", (id) => {
    expect(() => pathOf(id)).toThrow(TypeError);
  });
});
