import { printableText } from "@muster/base";
import type { FoundOrchestrator } from "@muster/worker";
import { ask } from "./ask.ts";
import { type CommandIo, exitCodes } from "./command-io.ts";

const loopbackAddress = "127.0.0.1:11501";

/** What the choice depends on, so that a test has no network. */
export interface Surroundings {
  readonly joined: () => Promise<{ readonly address: string; readonly name: string } | undefined>;
  readonly remember: (joined: {
    readonly address: string;
    readonly name: string;
    readonly agreedAt: string;
  }) => Promise<void>;
  readonly answersHere: () => Promise<boolean>;
  readonly find: () => Promise<readonly FoundOrchestrator[]>;
  readonly now: () => Date;
}

/**
 * The orchestrator to join where none was named: the one that was agreed on before, the one on this machine, or one of
 * the network, which a person has to agree to: until then nothing is said to it. Undefined where nobody agreed; why is
 * on standard error then, and the exit code is set.
 */
export async function chooseOrchestrator(io: CommandIo, around: Surroundings): Promise<string | undefined> {
  const joined = await around.joined();
  if (joined !== undefined) {
    const name = printableText(joined.name);
    io.stderr.write(`muster: joining ${name} at ${joined.address}, as agreed before (--forget asks again)\n`);
    return joined.address;
  }
  if (await around.answersHere()) return loopbackAddress;
  io.stderr.write("muster: looking for an orchestrator on the network\n");
  const found = (await around.find()).filter((one) => one.isSpokenWith);
  const [first] = found;
  if (first === undefined) {
    io.stderr.write(
      `muster: found none; waiting for one at ${loopbackAddress} (--join says where another is)\n`,
    );
    return loopbackAddress;
  }
  const chosen = io.isTty ? await askFor(io, found) : undefined;
  if (chosen === undefined) {
    const commands = found.map(({ name, address }) => `  muster worker --join ${address}    # ${name}\n`);
    io.stderr.write(`muster: not joined. To join:\n${commands.join("")}`);
    io.setExitCode(exitCodes.failure);
    return undefined;
  }
  const { address, name } = chosen;
  await around.remember({ address, name, agreedAt: around.now().toISOString() });
  return address;
}

/** Undefined: none of them. */
async function askFor(
  io: CommandIo,
  found: readonly FoundOrchestrator[],
): Promise<FoundOrchestrator | undefined> {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) {
    const answer = await ask(io, `Found ${described(only)}.\nJoin it, and lend it this machine? [y/N] `);
    return /^y(es)?$/i.test(answer) ? only : undefined;
  }
  io.stdout.write("Found on the network:\n");
  for (const [at, one] of found.entries()) io.stdout.write(`  ${at + 1}  ${described(one)}\n`);
  const answer = await ask(io, `Join which, and lend it this machine? [1-${found.length}, Enter for none] `);
  return /^\d+$/.test(answer) ? found[Number(answer) - 1] : undefined;
}

function described({ name, address, version, needsToken }: FoundOrchestrator): string {
  const token = needsToken ? ", wants a join token (MUSTER_JOIN_TOKEN)" : "";
  return `${name} at ${address}, version ${version}${token}`;
}
