import { expect, it } from "vitest";
import { HandshakeGate } from "./handshake-gate.ts";

function gate(waiting: number) {
  const gate = new HandshakeGate({ atOnce: 3, atOncePerAddress: 2, waiting });
  const leaves = new Map<string, () => void>();
  const gone: string[] = [];
  const enter = (...names: readonly string[]) => {
    for (const name of names) {
      gate.enter({
        address: name.slice(0, 1),
        begin: (leave) => leaves.set(name, leave),
        turnAway: () => gone.push(name),
      });
    }
  };
  return { enter, gone, inside: () => [...leaves.keys()], leave: (name: string) => leaves.get(name)?.() };
}

it("lets so many in at once, fewer of one address, and the rest in turn", () => {
  const { enter, gone, inside, leave } = gate(2);
  enter("a1", "a2", "a3", "b1");
  expect(inside()).toEqual(["a1", "a2", "b1"]);
  enter("c1", "d1");
  expect(gone).toEqual(["d1"]);
  leave("b1");
  expect(inside()).toEqual(["a1", "a2", "b1", "c1"]);
  leave("a1");
  leave("a1");
  expect(inside()).toEqual(["a1", "a2", "b1", "c1", "a3"]);
  enter("d2");
  expect(inside()).not.toContain("d2");
});

it("gives room to whoever has least of it, and turns away whoever waits most, though they came first", () => {
  const { enter, gone, inside, leave } = gate(4);
  enter("a1", "a2", "b1", "b2", "a3", "b3", "b4");
  expect(gone).toEqual([]);
  enter("c1", "d1");
  expect(gone).toEqual(["b4", "b3"]);
  leave("a1");
  leave("a2");
  expect(inside().slice(3)).toEqual(["c1", "a3"]);
  leave("c1");
  expect(inside().at(-1)).toBe("d1");
  leave("d1");
  expect(inside().at(-1)).toBe("b2");
});
