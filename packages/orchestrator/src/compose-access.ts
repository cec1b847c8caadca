import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Background, type Clock, isLoopbackHost, type Lifecycle, type Log } from "@muster/base";
import { sha256 } from "./adapters/common/sha256.ts";
import { readOrMakeSecretFile } from "./adapters/disk/secret-file.ts";
import type { OrchestratorConfig } from "./config.ts";
import { type ApiKey, readApiKeys } from "./core/access/api-keys.ts";
import { keyText, secretBytes, shortId } from "./core/access/key-format.ts";
import { damagedKeyPart, readKeyPart } from "./core/access/key-part.ts";
import type { KeyPart } from "./core/access/key-record.ts";
import { objectKeys } from "./core/batches/keys.ts";
import { KeyDesk } from "./flows/trust/key-desk.ts";
import { KeyRing } from "./flows/trust/key-ring.ts";
import { RecordBook } from "./flows/trust/record-book.ts";
import { Refusals } from "./http/refusals.ts";
import type { AuditTrail } from "./ports/audit-trail.ts";
import type { ObjectStore } from "./ports/object-store.ts";

export interface StartedAccess {
  readonly keyRing: KeyRing;
  readonly keys: KeyDesk;
  readonly refusals: Refusals;
  /** Where the key of this machine's operator is; undefined while none is needed. */
  readonly operatorKeyFile: () => string | undefined;
  /** Records of keys that could not be read at the last look. */
  readonly damagedKeys: () => number;
}

/** Whoever asked without a key before there were any keeps what they have made. */
const operatorTenant = "default";

const digestOfKey = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/** Builds what knows API keys, and makes the operator's where somebody else could ask and there is none. */
export async function startAccess(deps: {
  readonly config: OrchestratorConfig;
  readonly self: string;
  readonly store: ObjectStore;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<StartedAccess> {
  const { config, self, store, audit, clock, log, background, lifecycle } = deps;
  const configured = readApiKeys(config.apiKeys, digestOfKey);
  const path = join(config.trustDirectory, "admin.key");
  let operatorKey: ApiKey | undefined;
  let making: Promise<void> | undefined;
  const makeOperatorKey = (): Promise<void> => {
    if (configured.length > 0) return Promise.resolve();
    making ??= (async () => {
      const make = () => keyText(shortId(randomBytes(16)), randomBytes(secretBytes));
      const { text, isNew } = await readOrMakeSecretFile(path, { make, unique: `${self}.admin`, log });
      operatorKey = { tenant: operatorTenant, digest: digestOfKey(text) };
      if (isNew) log.warn({ path }, "made the operator's key: muster on this machine uses it by itself");
    })().catch((error: unknown) => {
      making = undefined;
      throw error;
    });
    return making;
  };

  const book = new RecordBook<KeyPart>({
    ...{ store, clock, log, background, prefix: objectKeys.apiKeys },
    ...{ read: readKeyPart, damaged: damagedKeyPart },
  });
  const keyRing = new KeyRing({
    ...{ book, store, configured, clock, log, background, digest: digestOfKey },
    operatorKey: () => operatorKey,
    // Another orchestrator may have made the first key: then this one is closed as well.
    onClosed: () => background.run("operator-key", makeOperatorKey),
  });
  const isExposed = [config.host, config.adminListener?.host, config.metricsListener?.host].some(
    (host) => host !== undefined && !isLoopbackHost(host),
  );
  await book.start();
  // Before anybody can ask: whoever has made the first key must not be locked out for a moment.
  if (isExposed || !keyRing.isOpen) await makeOperatorKey();
  lifecycle.onStop("keys", () => book.stop());
  const keys = new KeyDesk({
    ...{ book, ring: keyRing, digest: sha256, randomBytes, audit, clock, closing: makeOperatorKey },
  });
  const refusals = new Refusals({ audit, clock });
  lifecycle.onStop("refusals", () => refusals.close());
  return {
    ...{ keyRing, keys, refusals },
    operatorKeyFile: () => (operatorKey === undefined ? undefined : path),
    damagedKeys: () => book.damagedCount,
  };
}
