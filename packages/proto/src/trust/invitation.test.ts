import { describe, expect, it } from "vitest";
import { formatInvitation, parseInvitation } from "./invitation.ts";
import { identityUri, workerIdFrom } from "./names.ts";

const invitation = {
  address: "192.168.1.20:11501",
  pin: new Uint8Array(32).fill(251),
  secret: new Uint8Array(32).fill(7),
};

describe("an invitation", () => {
  it("is one line that is read as it was written", () => {
    for (const address of ["192.168.1.20:11501", "[fd00::20]:11501", "office-1.lan:1"]) {
      const line = formatInvitation({ ...invitation, address });
      expect(line).toMatch(/^muster:\/\/\S+$/);
      const read = parseInvitation(`  ${line}\n`);
      expect(read?.address).toBe(address);
      expect(Buffer.from(read?.pin ?? []).equals(invitation.pin)).toBe(true);
      expect(Buffer.from(read?.secret ?? []).equals(invitation.secret)).toBe(true);
    }
  });

  it("is none where a part is missing, too short or of another kind", () => {
    const line = formatInvitation(invitation);
    for (const other of [
      "",
      "192.168.1.20:11501",
      line.replace("muster:", "https:"),
      line.replace(/\..{43}$/, ""),
      line.slice(0, -1),
      `${line}A`,
      line.replace("11501", "0"),
      line.replace("11501", "65536"),
      line.replace("192.168.1.20", "a b"),
      line.replace("192.168.1.20", "user@host"),
    ])
      expect(parseInvitation(other)).toBeUndefined();
  });
});

describe("whose a certificate is", () => {
  it("is in its URI, and in no other that looks alike", () => {
    const id = "wrk-0b5b1d1e-6f1f-4a5e-9b4c-2f3a4b5c6d7e";
    expect(workerIdFrom(identityUri(id))).toBe(id);
    for (const uri of [
      `${identityUri(id)}/x`,
      `x${identityUri(id)}`,
      "muster://worker/",
      `muster://orchestrator/${id}`,
    ])
      expect(workerIdFrom(uri)).toBeUndefined();
  });
});
