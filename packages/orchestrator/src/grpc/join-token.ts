import { createHash } from "node:crypto";
import type { Metadata } from "@grpc/grpc-js";
import { MusterError } from "@muster/base";
import { matchesAny } from "../core/access/api-keys.ts";

/** Before anything that a worker says is looked at. Throws `unauthenticated`. */
export function checkJoinToken(metadata: Metadata, joinToken: string | undefined): void {
  if (joinToken === undefined) return;
  const presented = String(metadata.get("authorization")[0] ?? "").replace(/^Bearer /i, "");
  if (matchesAny(presented, [joinToken], (text) => createHash("sha256").update(text).digest())) return;
  throw new MusterError(
    "unauthenticated",
    "The join token is missing or wrong. Start the worker with MUSTER_JOIN_TOKEN set to the orchestrator's.",
  );
}
