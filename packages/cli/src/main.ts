import { MusterError } from "@muster/base";
import { Command, CommanderError } from "commander";
import { exitCodes, processIo } from "./command-io.ts";
import { auditCommand } from "./commands/audit.ts";
import { batchCommand } from "./commands/batch.ts";
import { chatCommand } from "./commands/chat.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { keysCommand } from "./commands/keys.ts";
import { logsCommand } from "./commands/logs.ts";
import { modelsCommand } from "./commands/models.ts";
import { orchestratorCommand } from "./commands/orchestrator.ts";
import { topCommand } from "./commands/top.ts";
import { trustCommand } from "./commands/trust.ts";
import { upCommand } from "./commands/up.ts";
import { usageCommand } from "./commands/usage.ts";
import { workerCommand } from "./commands/worker.ts";
import { workersCommand } from "./commands/workers.ts";
import { describeFailure } from "./service-options.ts";
import { version } from "./version.ts";

const io = processIo();
const program = new Command("muster")
  .description("Pools spare GPUs into one private, OpenAI-compatible inference service.")
  .version(version)
  .showHelpAfterError("(add --help for what this command takes)")
  .exitOverride();

for (const build of [
  upCommand,
  demoCommand,
  chatCommand,
  batchCommand,
  topCommand,
  logsCommand,
  workersCommand,
  modelsCommand,
  keysCommand,
  auditCommand,
  usageCommand,
  orchestratorCommand,
  workerCommand,
  trustCommand,
  doctorCommand,
]) {
  program.addCommand(build(io).copyInheritedSettings(program));
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) io.setExitCode(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
  else {
    io.stderr.write(describeFailure(error));
    const isInterrupted = error instanceof MusterError && error.code === "cancelled";
    io.setExitCode(isInterrupted ? exitCodes.interrupted : exitCodes.failure);
  }
}
