import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Background, ManualClock, MusterError, silentLog } from "@muster/base";
import { onTestFinished } from "vitest";
import { createDiskObjectStore } from "../../adapters/disk/object-store.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { Authorities } from "../../core/trust/authorities.ts";
import {
  type Enrolment,
  type Revocation,
  readEnrolment,
  readRevocation,
} from "../../core/trust/enrolment.ts";
import type { AuditEvent } from "../../ports/audit-trail.ts";
import type { CertificateIssuer } from "../../ports/certificate-issuer.ts";
import type { TrustFolder } from "../../ports/trust-folder.ts";
import { AuthorityKeeper } from "./authority-keeper.ts";
import { Enrolments } from "./enrolments.ts";
import { Invites } from "./invites.ts";
import { RecordBook } from "./record-book.ts";

/** Certificates that say in words what they are; a request is the public key that it is for. */
function wordIssuer(): CertificateIssuer {
  let made = 0;
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return {
    async makeAuthority(_validity, before) {
      const id = `a${++made}`;
      const cross = before === undefined ? undefined : `${id} by ${before.id}`;
      return { id, certificate: `authority ${id}`, key: `key ${id}`, crossCertificate: cross };
    },
    async readAuthority() {
      throw new Error("not here");
    },
    issueServer: async ({ id }, { untilMs }) => ({
      certificate: `server by ${id} until ${untilMs}`,
      key: "k",
    }),
    async readRequest(request) {
      if (request.length === 0) throw new MusterError("invalid_request", "That is no request.");
      return { publicKey: request, spkiSha256: sha256(request) };
    },
    issueWorker: async ({ id }, worker) => `${worker.id} by ${id}`,
  };
}

/** Real records on a real disk, and time that stands still. */
export async function trustRoom() {
  const directory = await mkdtemp(join(tmpdir(), "muster-trust-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const clock = new ManualClock();
  const background = new Background(silentLog);
  const store = createDiskObjectStore({ directory, log: silentLog });
  const issuer = wordIssuer();
  let content: Authorities | undefined;
  const published: string[] = [];
  const folder: TrustFolder = {
    read: async () => content,
    create: async (authorities) => {
      if (content !== undefined) return false;
      content = authorities;
      return true;
    },
    replace: async (authorities) => {
      content = authorities;
    },
    publish: async (certificates) => {
      published.splice(0, published.length, ...certificates);
    },
  };
  const audited: AuditEvent[] = [];
  const audit = { record: (event: AuditEvent) => void audited.push(event) };
  const shared = { store, clock, log: silentLog, background };
  /** Another orchestrator of the same store and folder. */
  const open = async () => {
    const authorities = new AuthorityKeeper({ ...shared, folder, brought: undefined, issuer, audit });
    await authorities.start();
    const book = new RecordBook<Enrolment>({ ...shared, prefix: objectKeys.enrolments, read: readEnrolment });
    const revocations = new RecordBook<Revocation>({
      ...{ ...shared, prefix: objectKeys.revocations, read: readRevocation },
      damaged: () => readRevocation({}),
    });
    await Promise.all([book.start(), revocations.start()]);
    const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const invites = new Invites({ store, clock, randomBytes: (count) => randomBytes(count), sha256 });
    let ids = 0;
    const enrolments = new Enrolments({
      ...{ book, revocations, invites, authorities, issuer, audit, clock, log: silentLog },
      newId: () => `wrk-${++ids}`,
    });
    onTestFinished(async () => {
      for (const each of [authorities, book, revocations]) each.stop();
      await background.idle(1_000);
    });
    return { authorities, book, revocations, invites, enrolments };
  };
  return { clock, background, store, audited, open, folder, published };
}
