import { Command } from "commander";
import { type CommandIo, processIo } from "./command-io.ts";
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
import { version } from "./version.ts";

/** All commands of `muster`. It throws CommanderError where it would leave the process. */
export function musterProgram(io: CommandIo = processIo()): Command {
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
  return program;
}
