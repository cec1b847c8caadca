import { expect, it } from "vitest";
import { HandshakeGate } from "./handshake-gate.ts";

function gate() {
  const gate = new HandshakeGate({ atOnce: 3, atOncePerAddress: 2, waiting: 2 });
  const leaves = new Map<string, () => void>();
  const enter = (name: string, address: string) => gate.enter(address, (leave) => leaves.set(name, leave));
  return { enter, inside: () => [...leaves.keys()], leave: (name: string) => leaves.get(name)?.() };
}

it("lets so many in at once, fewer of one address, and the rest in turn", () => {
  const { enter, inside, leave } = gate();
  expect([enter("a1", "a"), enter("a2", "a"), enter("a3", "a"), enter("b1", "b")]).toEqual(
    Array(4).fill(true),
  );
  expect(inside()).toEqual(["a1", "a2", "b1"]);
  expect([enter("c1", "c"), enter("c2", "c")]).toEqual([true, false]);
  leave("b1");
  expect(inside()).toEqual(["a1", "a2", "b1", "c1"]);
  leave("a1");
  leave("a1");
  expect(inside()).toEqual(["a1", "a2", "b1", "c1", "a3"]);
  enter("d1", "d");
  expect(inside()).not.toContain("d1");
});
