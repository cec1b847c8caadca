import type { Capability } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseMember, type FamilyMember, type MemberWish } from "./choose-member.ts";

const chat: ReadonlySet<Capability> = new Set(["chat"]);
const unhurried: MemberWish = { needs: chat, contextTokens: undefined, deadlineMs: undefined };

function member(model: string, change: Partial<FamilyMember> = {}): FamilyMember {
  return {
    model,
    capabilities: chat,
    contextTokens: 8_192,
    isServed: true,
    loadable: { kind: "no", reason: "no machine has room" },
    expectedMs: 1_000,
    ...change,
  };
}

const loadable = (loadMs: number): Partial<FamilyMember> => ({
  isServed: false,
  loadable: { kind: "yes", loadMs },
});

function chosen(members: readonly FamilyMember[], wish: Partial<MemberWish> = {}): string | undefined {
  const choice = chooseMember(members, { ...unhurried, ...wish });
  return choice.kind === "member" ? choice.member.model : undefined;
}

describe("the member of a family", () => {
  it("is the best one that is served", () => {
    expect(chosen([member("31b", loadable(10)), member("12b"), member("e4b")])).toBe("12b");
  });

  it("is the best one that could be loaded where none is served", () => {
    expect(chosen([member("31b", { isServed: false }), member("12b", loadable(60_000))])).toBe("12b");
  });

  it("is a smaller one where the larger would be too slow", () => {
    const members = [member("31b", { expectedMs: 20_000 }), member("e4b", { expectedMs: 2_000 })];
    expect(chosen(members, { deadlineMs: 5_000 })).toBe("e4b");
    expect(chosen(members, { deadlineMs: 20_000 })).toBe("31b");
  });

  it("is a larger one that is not loaded only where loading it fits as well", () => {
    const members = [member("31b", { ...loadable(30_000), expectedMs: 10_000 }), member("e4b")];
    expect(chosen(members, { deadlineMs: 39_999 })).toBe("e4b");
    expect(chosen(members, { deadlineMs: 40_000 })).toBe("31b");
  });

  it("is one that can do what is needed, and holds the prompt", () => {
    const sees: FamilyMember["capabilities"] = new Set(["chat", "vision"]);
    const members = [member("31b"), member("12b", { capabilities: sees }), member("e4b")];
    expect(chosen(members, { needs: sees })).toBe("12b");
    const short = [member("31b", { contextTokens: 2_048 }), member("e4b")];
    expect(chosen(short, { contextTokens: 4_000 })).toBe("e4b");
  });

  it("is not held to a time that nobody knows", () => {
    expect(chosen([member("31b", { expectedMs: undefined })], { deadlineMs: 10 })).toBe("31b");
  });

  it("says of each that was passed over why", () => {
    const choice = chooseMember(
      [
        member("blind"),
        member("large", { isServed: false }),
        member("far", { ...loadable(60_000), expectedMs: 500 }),
        member("slow", { expectedMs: 9_000 }),
        member("short", { contextTokens: 10 }),
      ].map((each) =>
        each.model === "blind" ? each : { ...each, capabilities: new Set<Capability>(["chat", "vision"]) },
      ),
      { needs: new Set(["chat", "vision"]), contextTokens: 100, deadlineMs: 5_000 },
    );
    expect(choice.kind).toBe("none");
    expect(Object.fromEntries(choice.passedOver.map(({ model, reason }) => [model, reason]))).toEqual({
      blind: "it cannot do vision",
      large: "no machine has room",
      far: "loading it and answering would take about 60.5 s",
      slow: "its answer would take about 9 s",
      short: "its context of 10 tokens is too short for about 100",
    });
  });
});

const anyMember: fc.Arbitrary<FamilyMember> = fc.record({
  model: fc.uuid(),
  capabilities: fc.constantFrom(chat, new Set<Capability>(["chat", "vision"])),
  contextTokens: fc.constantFrom(1_000, 8_000),
  isServed: fc.boolean(),
  loadable: fc.oneof(
    fc.record({ kind: fc.constant("yes" as const), loadMs: fc.nat(60_000) }),
    fc.constant({ kind: "no", reason: "no room" } as const),
  ),
  expectedMs: fc.option(fc.nat(60_000), { nil: undefined }),
});
const anyWish: fc.Arbitrary<MemberWish> = fc.record({
  needs: fc.constantFrom(chat, new Set<Capability>(["chat", "vision"])),
  contextTokens: fc.option(fc.constantFrom(500, 5_000), { nil: undefined }),
  deadlineMs: fc.option(fc.nat(90_000), { nil: undefined }),
});

/** Whether a member would do, said in another way than the code says it. */
function would(member: FamilyMember, wish: MemberWish): boolean {
  const isAble = [...wish.needs].every((need) => member.capabilities.has(need));
  const hasRoom = wish.contextTokens === undefined || wish.contextTokens <= member.contextTokens;
  const isThere = member.isServed || member.loadable.kind === "yes";
  const loadMs = member.isServed || member.loadable.kind === "no" ? 0 : member.loadable.loadMs;
  const isInTime = wish.deadlineMs === undefined || loadMs + (member.expectedMs ?? 0) <= wish.deadlineMs;
  return isAble && hasRoom && isThere && isInTime;
}

describe("whatever the fleet is", () => {
  it("the one chosen would do, and no better one would that is not passed over for a reason", () => {
    fc.assert(
      fc.property(fc.array(anyMember, { maxLength: 6 }), anyWish, (members, wish) => {
        const choice = chooseMember(members, wish);
        if (choice.kind === "none") {
          expect(members.some((each) => would(each, wish))).toBe(false);
          expect(new Set(choice.passedOver.map(({ model }) => model)).size).toBe(members.length);
          return;
        }
        expect(would(choice.member, wish)).toBe(true);
        const better = members.slice(0, members.indexOf(choice.member));
        const passed = choice.passedOver.map(({ model }) => model);
        for (const each of better) {
          expect(passed).toContain(each.model);
          // Without a deadline a better one that is not loaded gives way to one that is served.
          if (would(each, wish)) expect([wish.deadlineMs, each.isServed]).toEqual([undefined, false]);
        }
      }),
    );
  });

  it("more time never gives a lesser model", () => {
    fc.assert(
      fc.property(
        fc.array(anyMember, { minLength: 1, maxLength: 6 }),
        anyWish,
        fc.nat(60_000),
        fc.nat(60_000),
        (members, wish, a, b) => {
          const at = (deadlineMs: number) => {
            const choice = chooseMember(members, { ...wish, deadlineMs });
            return choice.kind === "none" ? members.length : members.indexOf(choice.member);
          };
          expect(at(a + b)).toBeLessThanOrEqual(at(a));
        },
      ),
    );
  });
});
