import { tokenBusContract } from "../../ports/token-bus.contract.ts";
import { MemoryBusHub } from "./token-bus.ts";

const hub = new MemoryBusHub();
tokenBusContract("memory", async (self) => hub.bus(self));
