import { expect, it } from "vitest";
import { createPeculiarIssuer } from "../peculiar-x509/issuer.ts";
import { createExpiryReader } from "./certificate-expiry.ts";

it("tells when each certificate ends that is shown now, and leaves out what is none", async () => {
  const issuer = createPeculiarIssuer();
  const untilMs = Date.UTC(2030, 0, 1);
  const made = async (ms: number) =>
    (await issuer.makeAuthority({ fromMs: Date.UTC(2020, 0, 1), untilMs: ms }, undefined)).certificate;
  const [first, second] = [await made(untilMs), await made(untilMs + 86_400_000)];
  const read = createExpiryReader();
  const shown = { clients: first, fleet: undefined, authority: "nothing that can be read" };
  expect([...read(shown)]).toEqual([["clients", untilMs]]);
  expect([...read({ ...shown, clients: `${second}\n${first}` })]).toEqual([
    ["clients", untilMs + 86_400_000],
  ]);
});
