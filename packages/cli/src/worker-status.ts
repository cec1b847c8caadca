import { printableText } from "@muster/base";
import type { LocalStatus } from "@muster/worker";
import { formatBytes, formatCount, formatDuration } from "./format.ts";

const states: Readonly<Record<LocalStatus["availability"]["state"], string>> = {
  lending: "lending",
  owner_here: "not lending: somebody is there",
  off_schedule: "not lending: outside of its hours",
  paused: "not lending: paused",
  gpu_busy: "not lending: the GPU is in use",
  on_battery: "not lending: on battery",
  memory_needed: "not lending: others need the memory",
  unknown: "not lending: what is unknown counts as an owner who is there",
};

/** What people want to know of the worker on their machine. `nowMs` is Unix time. */
export function statusLines(status: LocalStatus, nowMs: number): string[] {
  const { availability, running, givenBack, replicas, readings, gpus } = status;
  const { state, reason, policy } = availability;
  const link = status.isConnected ? "connected to" : "no link to";
  const since = formatDuration(Math.max(0, nowMs - status.sinceMs));
  return [
    `${status.name} (pid ${status.pid}), ${link} ${status.orchestrator}`,
    `state      ${states[state]}, for ${since}${status.isDraining ? "; draining: it leaves when what runs has ended" : ""}`,
    ...(reason === "" ? [] : [`why        ${reason}`]),
    `policy     ${policy}${pauseText(status.pausedUntilMs, nowMs, "muster worker resume")}`,
    ...administratorLine(status, nowMs),
    ...(readings === undefined ? [] : [`seen       ${readingsText(readings)}`]),
    `running    ${counts(running)}`,
    `given back ${counts(givenBack)}`,
    ...(replicas.length === 0 ? ["models     none"] : replicas.map(replicaText)),
    ...gpus.map(gpuText),
  ].map(printableText);
}

/** Of either pause; `null`: it has no end but the one that `ending` brings. */
function pauseText(untilMs: number | null | undefined, nowMs: number, ending: string): string {
  if (untilMs === undefined) return "";
  if (untilMs === null) return `, paused until ${ending}`;
  return `, paused for ${formatDuration(Math.max(0, untilMs - nowMs))} more`;
}

/** Whoever sits there may end what was set from afar. */
function administratorLine(status: LocalStatus, nowMs: number): string[] {
  if (status.hasEndedAdministratorPause === true)
    return ["from afar  an administrator had paused it too: that is over as well"];
  const { administratorPausedUntilMs: untilMs } = status;
  const text = pauseText(untilMs, nowMs, "muster workers resume");
  return text === ""
    ? []
    : [`from afar  an administrator has it${text.slice(1)}; muster worker resume ends that too`];
}

function readingsText(readings: NonNullable<LocalStatus["readings"]>): string {
  const { idleMs, isFullScreen, isOnAcPower, isGpuUsedByOthers } = readings;
  const input =
    idleMs === null
      ? "input unknown"
      : idleMs === "nobody"
        ? "nobody is logged in"
        : `last input ${formatDuration(idleMs)} ago`;
  return [
    input,
    flag(isFullScreen, "full screen", "no full screen", "full screen unknown"),
    flag(isOnAcPower, "on AC power", "on battery", "power supply unknown"),
    flag(isGpuUsedByOthers, "GPU used by others", "GPU free", "use of the GPU unknown"),
  ].join(", ");
}

function flag(value: boolean | null, yes: string, no: string, unknown: string): string {
  return value === null ? unknown : value ? yes : no;
}

function counts({ interactive, batch }: LocalStatus["running"]): string {
  return `${formatCount(interactive, "answer")}, ${formatCount(batch, "batch line")}`;
}

function replicaText({
  model,
  state,
  slots,
  isFixed,
  vramBytes,
  ramBytes,
}: LocalStatus["replicas"][number]): string {
  const memory = [
    vramBytes === 0 ? [] : [`${formatBytes(vramBytes)} of the GPU`],
    ramBytes === 0 ? [] : [`${formatBytes(ramBytes)} of main memory`],
  ].flat();
  const takes = state === "ready" && memory.length > 0 ? `, ${memory.join(" and ")}` : "";
  const chosen = isFixed ? "" : ", placed by the orchestrator";
  return `model      ${model}: ${state}, ${formatCount(slots, "slot")}${takes}${chosen}`;
}

function gpuText({ name, vramBytes, freeVramBytes, othersBytes }: LocalStatus["gpus"][number]): string {
  const free = freeVramBytes === undefined ? "" : `, ${formatBytes(freeVramBytes)} free`;
  const others = othersBytes === undefined ? "" : `, ${formatBytes(othersBytes)} taken by other programs`;
  return `gpu        ${name}: ${formatBytes(vramBytes)}${free}${others}`;
}
