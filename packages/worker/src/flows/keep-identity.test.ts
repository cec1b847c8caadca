import { Background, ManualClock, MusterError, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { Identity } from "../core/identity.ts";
import { IdentityKeeper } from "./keep-identity.ts";

const hourMs = 3_600_000;

/** A certificate is the hour that it begins at; it counts for a day. */
const validityOf = (certificate: string) => {
  const fromMs = Number(certificate) * hourMs;
  return { fromMs, untilMs: fromMs + 24 * hourMs };
};

function keeperAt(
  fromHour: number,
  options: { readonly failing?: () => MusterError | undefined; readonly diskFull?: boolean } = {},
) {
  const clock = new ManualClock();
  const background = new Background(silentLog);
  const renewals: number[] = [];
  const kept: Identity[] = [];
  const identity: Identity = {
    ...{ workerId: "wrk-1", name: "desk", pool: "desks", address: "10.0.0.1:11501", key: "key" },
    ...{ certificate: String(fromHour), authorities: ["a"] },
  };
  const keeper = new IdentityKeeper({
    ...{ identity, validityOf, clock, background, log: silentLog, random: () => 0.5 },
    store: {
      write: async (one) => {
        if (options.diskFull) throw new Error("ENOSPC");
        kept.push(one);
      },
    },
    enroller: {
      renew: async (before) => {
        renewals.push(clock.wallMs() / hourMs);
        const failure = options.failing?.();
        if (failure !== undefined) throw failure;
        return {
          ...before,
          name: "renamed",
          certificate: String(clock.wallMs() / hourMs),
          authorities: ["a", "b"],
        };
      },
    },
  });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await background.idle(1_000);
  };
  return { keeper, renewals, kept, pass };
}

describe("the certificate of a worker", () => {
  it("is renewed at about two thirds of its life, again and again, and kept under the same name", async () => {
    const { keeper, renewals, kept, pass } = keeperAt(0);
    keeper.start();
    for (let hour = 0; hour < 48; hour++) await pass(hourMs);
    expect(renewals).toEqual([15.6, 31.2, 46.8].map((hour) => expect.closeTo(hour)));
    expect(kept.at(-1)).toMatchObject({ name: "desk", authorities: ["a", "b"] });
    keeper.stop();
    await pass(48 * hourMs);
    expect(renewals).toHaveLength(3);
  });

  it("is asked for ever more rarely while the disk is full, and counts meanwhile", async () => {
    const { keeper, renewals, pass } = keeperAt(0, { diskFull: true });
    keeper.start();
    for (let minute = 0; minute < 20 * 60; minute++) await pass(60_000);
    expect(renewals.length).toBeGreaterThan(10);
    expect(renewals.length).toBeLessThan(100);
    expect(keeper.current.certificate).toBe(String(renewals.at(-1)));
  });

  it("that counts is shown as it is; one that has ended is renewed first", async () => {
    const fresh = keeperAt(0);
    expect((await fresh.keeper.ready()).certificate).toBe("0");
    expect(fresh.renewals).toEqual([]);
    const old = keeperAt(-48);
    const [one, other] = await Promise.all([old.keeper.ready(), old.keeper.ready()]);
    expect([one.certificate, other.certificate]).toEqual(["0", "0"]);
    expect(old.renewals).toHaveLength(1);
  });

  it("that was not taken for one is renewed before the next dial", async () => {
    const { keeper, renewals } = keeperAt(0);
    keeper.doubt();
    await keeper.ready();
    await keeper.ready();
    expect(renewals).toHaveLength(1);
  });

  it("is renewed soon when the authorities have changed", async () => {
    const { keeper, renewals, pass } = keeperAt(0);
    keeper.start();
    keeper.renewSoon();
    await pass(15_000);
    expect(renewals).toHaveLength(1);
    expect(keeper.current.authorities).toEqual(["a", "b"]);
    keeper.stop();
  });

  it("that cannot be renewed is tried again, later each time; why not is told to who dials", async () => {
    let failure: MusterError | undefined = new MusterError("not_ready", "nobody there");
    const { keeper, renewals, pass } = keeperAt(0, { failing: () => failure });
    keeper.start();
    await pass(15.6 * hourMs);
    await pass(15_000);
    await pass(30_000);
    expect(renewals).toHaveLength(3);
    failure = undefined;
    await pass(60_000);
    expect(renewals).toHaveLength(4);
    keeper.stop();
    const refused = keeperAt(-48, { failing: () => new MusterError("forbidden", "revoked") });
    await expect(refused.keeper.ready()).rejects.toMatchObject({ code: "forbidden" });
  });
});
