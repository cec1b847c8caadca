import { hostname } from "node:os";
import { expect, it } from "vitest";
import { dialAddress } from "./dial-address.ts";

it("names the machine where the orchestrator listens on all of its addresses", () => {
  expect(dialAddress("0.0.0.0:11501")).toBe(`${hostname()}:11501`);
  expect(dialAddress("[::]:11501")).toBe(`${hostname()}:11501`);
  expect(dialAddress("10.0.0.1:11501")).toBe("10.0.0.1:11501");
  expect(dialAddress("[::1]:11501")).toBe("[::1]:11501");
});
