import { ManualClock } from "@muster/base";
import { historyContract } from "../../ports/history.contract.ts";
import { MemoryHistory } from "./history.ts";

historyContract("memory", async () => {
  const clock = new ManualClock();
  const history = new MemoryHistory();
  const wallMs = () => clock.wallMs();
  return {
    stores: [history.store("a", wallMs), history.store("b", wallMs)],
    wallMs,
    advance: (ms) => clock.advance(ms),
  };
});
