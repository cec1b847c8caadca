import type { LogLevel } from "@muster/base";
import { Command } from "commander";
import type { CommandIo } from "../command-io.ts";
import { clientUrl, dialAddress, howToTrust } from "../dial-address.ts";
import { howToJoin } from "../how-to-join.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import {
  createLog,
  logOption,
  type OrchestratorFlags,
  operatorNote,
  orchestratorOverrides,
  tlsEnvironment,
  withOrchestratorOptions,
} from "../service-options.ts";

/** `muster orchestrator`: the service alone, for a machine that lends nothing. */
export function orchestratorCommand(io: CommandIo): Command {
  return withOrchestratorOptions(new Command("orchestrator"))
    .description("run the orchestrator: what clients talk to and workers dial")
    .addOption(logOption("info"))
    .action(async (flags: OrchestratorFlags & { logLevel: LogLevel }) => {
      const { loadOrchestratorConfig, startOrchestrator } = await import("@muster/orchestrator");
      const config = loadOrchestratorConfig(orchestratorOverrides(flags), tlsEnvironment(flags, io.env));
      const orchestrator = await startOrchestrator(config, {
        log: createLog(flags.logLevel, "orchestrator"),
      });
      io.stdout.write(
        `Clients: ${clientUrl(orchestrator.url, config.host)}/v1\nWorkers: ${howToJoin(orchestrator)}\nFleet port: ${dialAddress(orchestrator.fleetAddress)}\nDashboard: ${clientUrl(orchestrator.url, config.host)}/\n`,
      );
      io.stderr.write(howToTrust(config));
      io.stderr.write(operatorNote(orchestrator.operatorKeyFile));
      await runUntilSignal(io, orchestrator);
    });
}
