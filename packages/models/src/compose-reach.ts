import { parseHostRule, type Reach } from "@muster/base";
import { readEndpoint } from "./adapters/hugging-face/hub.ts";

export interface ReachSettings {
  /** Hosts that models may be fetched from though they are in a private network: MUSTER_FETCH_HOSTS. */
  readonly fetchHosts?: readonly string[] | undefined;
  readonly huggingFaceEndpoint: string | undefined;
}

/** Where models may come from: the public network, the hub that is configured, and hosts that the configuration names. */
export function reachOf({ fetchHosts = [], huggingFaceEndpoint }: ReachSettings): Reach {
  const hub = hostsOf(huggingFaceEndpoint?.trim() ? [readEndpoint(huggingFaceEndpoint)] : []);
  return { rules: [...fetchHosts, ...hub].map((entry) => parseHostRule(entry, "MUSTER_FETCH_HOSTS")) };
}

/** The hosts of addresses that the configuration itself has: whoever has written these may mean any machine. */
export function hostsOf(addresses: readonly string[]): readonly string[] {
  return addresses
    .filter((address) => /^https?:/i.test(address.trim()) && URL.canParse(address))
    .map((address) => new URL(address).host);
}
