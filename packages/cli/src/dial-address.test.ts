import { hostname } from "node:os";
import { expect, it } from "vitest";
import { clientUrl, dialAddress, howToTrust } from "./dial-address.ts";

it("names the machine where the orchestrator listens on all of its addresses", () => {
  expect(dialAddress("0.0.0.0:11501")).toBe(`${hostname()}:11501`);
  expect(dialAddress("[::]:11501")).toBe(`${hostname()}:11501`);
  expect(dialAddress("10.0.0.1:11501")).toBe("10.0.0.1:11501");
  expect(dialAddress("[::1]:11501")).toBe("[::1]:11501");
});

it("tells clients the same, with the scheme and port as they are", () => {
  expect(clientUrl("https://127.0.0.1:11500", "0.0.0.0")).toBe(`https://${hostname()}:11500`);
  expect(clientUrl("http://127.0.0.1:11500", "127.0.0.1")).toBe("http://127.0.0.1:11500");
});

it("says how a certificate of Muster's own is known, and nothing of others", () => {
  expect(howToTrust({ tls: { kind: "own" }, trustDirectory: "/x" })).toContain("/x/ca.crt");
  expect(howToTrust({ tls: { kind: "files" }, trustDirectory: "/x" })).toBe("");
});
