import { hostname } from "node:os";

/** What workers elsewhere dial: an address that stands for all of a machine's is no address of it. */
export function dialAddress(fleetAddress: string): string {
  return fleetAddress.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, hostname());
}
