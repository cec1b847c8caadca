import { MusterError } from "@muster/base";
import { CommanderError } from "commander";
import { exitCodes, processIo } from "./command-io.ts";
import { musterProgram } from "./program.ts";
import { describeFailure } from "./service-options.ts";

const io = processIo();

try {
  await musterProgram(io).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) io.setExitCode(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
  else {
    io.stderr.write(describeFailure(error));
    const isInterrupted = error instanceof MusterError && error.code === "cancelled";
    io.setExitCode(isInterrupted ? exitCodes.interrupted : exitCodes.failure);
  }
}
