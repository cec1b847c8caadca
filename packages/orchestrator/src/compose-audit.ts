import { createHash, createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Clock, Lifecycle, Log } from "@muster/base";
import { readOrMakeSecretFile } from "./adapters/disk/secret-file.ts";
import type { OrchestratorConfig } from "./config.ts";
import { AuditDesk } from "./flows/trust/audit-desk.ts";
import { headsOfOthers } from "./flows/trust/audit-files.ts";
import { AuditLog } from "./flows/trust/audit-log.ts";
import type { AuditTrail } from "./ports/audit-trail.ts";
import type { Digest } from "./ports/digest.ts";
import type { ObjectStore } from "./ports/object-store.ts";

/** What is still to be written gets so long when the orchestrator stops. */
const closeMs = 5_000;
/** Who looks waits so long for what was just done. */
const writtenMs = 2_000;

export interface StartedAudit {
  readonly audit: AuditTrail;
  readonly auditDesk: AuditDesk;
}

/** Builds what remembers who did what. Its key is made once, and shared by all who share the trust folder. */
export async function startAudit(deps: {
  readonly config: Pick<OrchestratorConfig, "trustDirectory">;
  readonly self: string;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}): Promise<StartedAudit> {
  const { config, self, store, clock, log, lifecycle } = deps;
  const { text: key } = await readOrMakeSecretFile(join(config.trustDirectory, "audit.key"), {
    ...{ make: () => randomBytes(32).toString("hex"), unique: `${self}.audit`, log },
  });
  const seal: Digest = (data) => createHmac("sha256", key).update(data).digest("hex");
  const sealId = createHash("sha256").update(`audit key ${key}`).digest("hex").slice(0, 12);
  const audit = new AuditLog({
    ...{ store, writer: self, seal, sealId, clock, log },
    otherHeads: () => headsOfOthers(store, self),
  });
  lifecycle.onStop("audit trail", () => audit.close(closeMs));
  return {
    audit,
    auditDesk: new AuditDesk({ store, seal, sealId, written: () => audit.written(writtenMs) }),
  };
}
