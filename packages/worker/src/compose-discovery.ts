import { connect } from "node:net";
import { type FoundOrchestrator, foundOrchestrators, networkAddresses } from "@muster/proto";
import { browseOrchestrators } from "./adapters/bonjour/browse.ts";

const browseMs = 2_000;
const connectMs = 500;

/** Orchestrators that tell the office network of themselves. Takes two seconds. */
export async function findOrchestrators(): Promise<readonly FoundOrchestrator[]> {
  return foundOrchestrators(await browseOrchestrators({ forMs: browseMs }), networkAddresses());
}

/** Whether anybody takes connections there; nothing is said to it. */
export function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs });
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}
