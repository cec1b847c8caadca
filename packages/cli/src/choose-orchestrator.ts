import type { FoundOrchestrator } from "@muster/worker";
import { type CommandIo, exitCodes } from "./command-io.ts";

const loopbackAddress = "127.0.0.1:11501";

/** What the choice depends on, so that a test has no network. */
export interface Surroundings {
  readonly answersHere: () => Promise<boolean>;
  readonly find: () => Promise<readonly FoundOrchestrator[]>;
}

/**
 * The orchestrator of a worker that has not joined any and was told no address: the one on this machine. Where there is
 * none, those of the network are named, to which nothing is said: undefined then, and the exit code is set.
 */
export async function chooseOrchestrator(io: CommandIo, around: Surroundings): Promise<string | undefined> {
  if (await around.answersHere()) return loopbackAddress;
  io.stderr.write("muster: looking for an orchestrator on the network\n");
  const found = (await around.find()).filter((one) => one.isSpokenWith);
  if (found.length === 0) {
    io.stderr.write(
      `muster: found none; waiting for one at ${loopbackAddress}. To join one elsewhere: muster worker join <invitation>\n`,
    );
    return loopbackAddress;
  }
  const list = found.map((one) => `  ${one.name} at ${one.address}, version ${one.version}\n`).join("");
  io.stderr.write(
    `muster: not joined. Found on the network:\n${list}To join one, ask whoever runs it for an invitation (there: muster workers invite --pool desks), and paste the line here.\n`,
  );
  io.setExitCode(exitCodes.failure);
  return undefined;
}
