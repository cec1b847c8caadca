import { dialAddress } from "./dial-address.ts";

/** What other machines do to lend, for people. */
export function howToJoin(orchestrator: { readonly fleetAddress: string; readonly trust: unknown }): string {
  if (orchestrator.trust === undefined)
    return `muster worker --join ${dialAddress(orchestrator.fleetAddress)}`;
  return "muster worker join <invitation>    (to make one, here: muster workers invite --pool desks)";
}
