import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { defaultDataDirectory, type Hardware, type Log, MusterError, silentLog } from "@muster/base";
import type { EngineBuildState } from "@muster/worker";
import { Command } from "commander";
import { type ClientFlags, withClientOptions } from "../client-options.ts";
import { checkCluster } from "../cluster-check.ts";
import type { CommandIo } from "../command-io.ts";
import { formatBytes } from "../format.ts";
import { runClientCommand } from "../run-client-command.ts";

interface Finding {
  readonly check: string;
  readonly state: "ok" | "note" | "missing";
  readonly says: string;
  /** What to type or do. */
  readonly fix?: string;
}

const oldestNode: readonly [number, number] = [20, 19];
const roomForAModelBytes = 5e9;

interface DoctorFlags extends ClientFlags {
  readonly cluster?: boolean;
  readonly json?: boolean;
}

/** `muster doctor`: says what is missing on this machine, or wrong with the cluster, and what to do. */
export function doctorCommand(io: CommandIo): Command {
  return withClientOptions(new Command("doctor"))
    .description("check this machine, or with --cluster all of it: what is missing or wrong, and what to do")
    .option("--cluster", "ask the orchestrator what is wrong with the cluster")
    .option("--json", "print as JSON")
    .action(async (flags: DoctorFlags) => {
      if (flags.cluster) return runClientCommand(io, (signal) => checkCluster(io, flags, signal));
      const { checkRedis, findRedisExecutable } = await import("@muster/orchestrator");
      const { defaultModelDirectory } = await import("@muster/models");
      const { engineBuildState, probeHardware } = await import("@muster/worker");
      const hardware = await probeHardware(silentLog);
      const findings = [
        nodeFinding(process.versions.node),
        await redisFinding(io, { checkRedis, findRedisExecutable }),
        ...hardwareFindings(hardware),
        ...(hardware.gpus.length === 0 ? [engineFinding(await engineBuildState(io.env))] : []),
        await diskFinding("model folder", io.env["MUSTER_MODEL_DIR"] ?? defaultModelDirectory(io.env)),
        await diskFinding("data folder", io.env["MUSTER_DATA_DIR"] ?? defaultDataDirectory(io.env)),
      ];
      if (flags.json) io.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
      else for (const finding of findings) io.stdout.write(lineOf(finding));
      if (findings.some((finding) => finding.state === "missing")) io.setExitCode(1);
    });
}

function lineOf({ check, state, says, fix }: Finding): string {
  const mark = { ok: "✓", note: "•", missing: "✗" }[state];
  const line = `${mark} ${check.padEnd(14)} ${says}\n`;
  return fix === undefined ? line : `${line}  ${" ".repeat(14)} → ${fix}\n`;
}

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return {
    check: "Node.js",
    state: isNewEnough ? "ok" : "missing",
    says: version,
    ...(isNewEnough ? {} : { fix: `Muster needs ${oldestNode.join(".")} or newer: https://nodejs.org` }),
  };
}

async function redisFinding(
  io: CommandIo,
  redis: {
    readonly checkRedis: (url: string, log: Log) => Promise<void>;
    readonly findRedisExecutable: (path: string) => string;
  },
): Promise<Finding> {
  const url = io.env["REDIS_URL"];
  try {
    if (!url) return { check: "Redis", state: "ok", says: redis.findRedisExecutable(io.env["PATH"] ?? "") };
    await redis.checkRedis(url, silentLog);
    return { check: "Redis", state: "ok", says: "the one at REDIS_URL answers" };
  } catch (error) {
    return {
      check: "Redis",
      state: "missing",
      says: url ? "the one at REDIS_URL cannot be used" : "not here (only the orchestrator needs one)",
      fix: MusterError.from(error).message,
    };
  }
}

function hardwareFindings(hardware: Hardware): Finding[] {
  const { gpus, backend, cpuModel, physicalCores } = hardware;
  const gpuNames = gpus.map((gpu) => `${gpu.name} (${formatBytes(gpu.vramBytes)})`).join(", ");
  return [
    { check: "CPU", state: "ok", says: `${cpuModel}, ${physicalCores} cores` },
    {
      check: "memory",
      state: "ok",
      says: `${formatBytes(freemem())} free of ${formatBytes(totalmem())}`,
    },
    gpus.length > 0
      ? { check: "GPU", state: "ok", says: `${gpuNames} through ${backend}` }
      : {
          check: "GPU",
          state: "note",
          says: "none that the engine can use: models will run on the CPU, slowly",
          fix: "With an NVIDIA card install its driver and the CUDA runtime; for others a Vulkan driver.",
        },
  ];
}

/** Without a GPU an engine that was compiled for the processor is worth its while. */
function engineFinding(state: EngineBuildState): Finding {
  const check = "engine";
  if (state.kind === "built") {
    return { check, state: "ok", says: `compiled for this processor on ${state.builtAt.slice(0, 10)}` };
  }
  const { missingTools } = state;
  const install = missingTools.length === 0 ? "" : `Install ${missingTools.join(", ")}, then run: `;
  return {
    check,
    state: "note",
    says: "prebuilt: compiled for this processor it is faster",
    fix: `${install || "Run: "}muster worker build-engine`,
  };
}

async function diskFinding(check: string, directory: string): Promise<Finding> {
  try {
    if (!existsSync(directory)) await mkdir(directory, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(directory);
    const freeBytes = bavail * bsize;
    const hasRoom = freeBytes >= roomForAModelBytes;
    return {
      check,
      state: hasRoom ? "ok" : "note",
      says: `${directory}, ${formatBytes(freeBytes)} free`,
      ...(hasRoom ? {} : { fix: "A model of useful size takes 3 to 20 GB." }),
    };
  } catch (error) {
    return {
      check,
      state: "missing",
      says: `${directory} cannot be used: ${MusterError.from(error).message}`,
    };
  }
}
