import type { LiveWorker } from "@muster/sdk";
import type { Tone } from "../../parts/badge.tsx";

export interface StateWords {
  readonly text: string;
  readonly tone: Tone;
  /** Why, or what it means. */
  readonly tip: string;
}

const availabilityWords: Readonly<Record<string, string>> = {
  owner_here: "Owner is here",
  off_schedule: "Off hours",
  paused: "Paused",
  gpu_busy: "GPU in use",
  on_battery: "On battery",
  memory_needed: "Memory in use",
  unknown: "Not lent",
};

/** The state of a worker in a word or two, and why. */
export function stateWords({ state, availability }: Pick<LiveWorker, "state" | "availability">): StateWords {
  switch (state) {
    case "ready":
      return { text: "Lent", tone: "good", tip: "It takes work." };
    case "joining":
      return { text: "Joining", tone: "accent", tip: "It is here, and no model on it is ready yet." };
    case "away":
      return {
        text: availabilityWords[availability.state] ?? "Away",
        tone: "quiet",
        tip: availability.reason === "" ? "Its owner has it." : sentence(availability.reason),
      };
    case "draining":
      return { text: "Draining", tone: "warn", tip: "It finishes what runs, and takes nothing new." };
    case "lost":
      return { text: "Lost", tone: "bad", tip: "Its connection is gone. It may come back by itself." };
    default:
      return { text: state, tone: "plain", tip: availability.reason };
  }
}

const replicaWords: Readonly<Record<string, string>> = {
  fetching: "fetching",
  loading: "loading",
  crashed: "crashed; it is being started again",
  failed: "failed",
  unloading: "unloading",
  unloaded: "unloaded",
};

/** What to say of a replica beside its model; nothing where it is simply ready. */
export function replicaStateWord(state: string): string | undefined {
  return state === "ready" ? undefined : (replicaWords[state] ?? state);
}

export const policyWords: Readonly<Record<string, string>> = {
  always: "always",
  schedule: "by its schedule",
  "owner-away": "while its owner is away",
};

const platformWords: Readonly<Record<string, string>> = { linux: "Linux", darwin: "macOS", win32: "Windows" };
export const platformName = (platform: string): string => platformWords[platform] ?? platform;

/** `NVIDIA GeForce RTX 4090` is long, and everybody knows whose it is. */
export function shortGpuName(name: string): string {
  return name.replace(/^(NVIDIA|AMD|Intel\(R\)|Intel) /, "").replace(/^(GeForce|Radeon) /, "");
}

function sentence(text: string): string {
  const head = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(head) ? head : `${head}.`;
}
