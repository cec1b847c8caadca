import { hostname } from "node:os";
import { isEveryAddress } from "@muster/base";

/** What workers elsewhere dial: an address that stands for all of a machine's is no address of it. */
export function dialAddress(fleetAddress: string): string {
  const [, host = "", port] = /^(.*):(\d+)$/.exec(fleetAddress) ?? [];
  return isEveryAddress(host) ? `${hostname()}:${port}` : fleetAddress;
}
