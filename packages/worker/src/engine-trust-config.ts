import { type Env, readChoice, readList } from "@muster/base";

const sandboxModes = ["auto", "off", "strict"] as const;
type SandboxMode = (typeof sandboxModes)[number];

/** What may come near the engine, and what it may do. */
export interface EngineTrustConfig {
  /** Folders whose files an orchestrator may name by their path; `*`: all that this user can read. */
  readonly allowPaths: readonly string[];
  /** How engine processes are kept from the network and from more rights; `strict`: not without. */
  readonly sandbox: SandboxMode;
}

/** Throws MusterError `invalid_request`. */
export function loadEngineTrustConfig(overrides: Partial<EngineTrustConfig>, env: Env): EngineTrustConfig {
  return {
    allowPaths: overrides.allowPaths ?? readList(env, "MUSTER_ALLOW_PATHS"),
    sandbox: overrides.sandbox ?? readChoice(env, "MUSTER_SANDBOX", sandboxModes) ?? "auto",
  };
}
