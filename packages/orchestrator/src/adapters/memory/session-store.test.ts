import { ManualClock } from "@muster/base";
import { sessionStoreContract } from "../../ports/session-store.contract.ts";
import { createMemorySessionStore } from "./session-store.ts";

sessionStoreContract("memory", async () => {
  const clock = new ManualClock();
  return { store: createMemorySessionStore({ clock }), pass: (ms) => clock.advance(ms) };
});
