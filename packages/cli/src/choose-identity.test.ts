import { expect, it } from "vitest";
import { chooseIdentity } from "./choose-identity.ts";

const joined = (name: string) => ({
  workerId: `wrk-${name}`,
  name,
  pool: "desks",
  address: "10.0.0.1:11501",
});

it("a worker goes on as what it has joined as", () => {
  const machine = "desk";
  expect(chooseIdentity([], { name: undefined, machine })).toBeUndefined();
  expect(chooseIdentity([joined("a")], { name: undefined, machine })?.name).toBe("a");
  expect(chooseIdentity([joined("a")], { name: "b", machine })).toBeUndefined();
  expect(chooseIdentity([joined("a"), joined("b")], { name: "b", machine })?.name).toBe("b");
  expect(chooseIdentity([joined("a"), joined("desk")], { name: undefined, machine })?.name).toBe("desk");
  expect(() => chooseIdentity([joined("a"), joined("b")], { name: undefined, machine })).toThrow(/--name a/);
});
