import { createPublicKey } from "node:crypto";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { MusterError, silentLog, systemClock } from "@muster/base";
import { loadFleet, serverName } from "@muster/proto";
import { expect, it, onTestFinished } from "vitest";
import { createPeculiarIssuer } from "../adapters/peculiar-x509/issuer.ts";
import { AttemptTable } from "../flows/attempt-table.ts";
import { FleetRegistry } from "../flows/fleet-registry.ts";
import { noMetrics } from "../flows/flows.fixture.ts";
import { startFleetServer } from "./fleet-service.ts";

const workerId = "wrk-0b5b1d1e-6f1f-4a5e-9b4c-2f3a4b5c6d7e";

it("a file that is on its way to a worker is cut when the worker is revoked", async () => {
  const issuer = createPeculiarIssuer();
  const validity = { fromMs: Date.now() - 60_000, untilMs: Date.now() + 60_000 };
  const ca = {
    ...(await issuer.makeAuthority(validity)),
    ...{ parents: [], createdAtMs: 0, servesFromMs: 0 },
  };
  const server = await issuer.issueServer(ca, validity);
  // Any key will do for the worker: here that of another server certificate.
  const { key } = await issuer.issueServer(ca, validity);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const certificate = await issuer.issueWorker(ca, { id: workerId, publicKey, validity });

  const clock = systemClock;
  const fleet = new FleetRegistry({ clock, log: silentLog });
  const attempts = new AttemptTable({
    clock,
    log: silentLog,
    fleet,
    metrics: noMetrics,
  });
  let reason: string | undefined;
  let isLeft = false;
  const port = await startFleetServer({
    ...{ host: "127.0.0.1", port: 0, heartbeatIntervalMs: 1_000, orchestratorId: "orc", version: "0" },
    ...{ fleet, attempts, clock, log: silentLog },
    mirror: {
      open: async (_ask, signal) => {
        signal.addEventListener("abort", () => {
          isLeft = true;
        });
        return {
          ...{ totalBytes: 10, sha256: undefined },
          async *pieces() {
            yield Buffer.alloc(1);
            await new Promise((_resolve, reject) =>
              signal.addEventListener("abort", () => reject(signal.reason)),
            );
            return { sha256: undefined };
          },
        };
      },
    },
    trust: {
      identity: { ...server, chain: [ca.certificate], anchors: [ca.certificate] },
      enrolments: {
        admit: async (shown) => ({
          ...{ id: shown.workerId, name: "desk", pool: "desks", spkiSha256: shown.spkiSha256 },
          ...{ joinedAtMs: 0, lastSeenDay: "2026-01-01" },
        }),
        refusal: () => reason,
        join: () => Promise.reject(new MusterError("internal", "not here")),
        renew: () => Promise.reject(new MusterError("internal", "not here")),
        noteRefusal() {},
      },
    },
  });
  const trusted = credentials.createSsl(
    Buffer.from(ca.certificate),
    Buffer.from(key),
    Buffer.from(certificate),
  );
  const client = new (loadFleet().Client)(port.address, trusted, {
    ...{ "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName },
  });
  onTestFinished(async () => {
    client.close();
    await port.close();
  });
  const call = client.FetchBlob({ uri: "hf:o/r/a.gguf" });
  const failed = new Promise<ServiceError>((resolve) => call.on("error", resolve));
  await new Promise((resolve) => call.once("data", resolve));
  port.enforce();
  expect(isLeft).toBe(false);
  reason = "An administrator has revoked it.";
  port.enforce();
  expect(await failed).toMatchObject({ code: status.PERMISSION_DENIED, details: reason });
  expect(isLeft).toBe(true);
});
