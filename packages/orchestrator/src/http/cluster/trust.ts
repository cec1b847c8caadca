import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { isFleetName } from "../../core/trust/enrolment.ts";
import type { AuthorityView } from "../../flows/trust/authority-keeper.ts";
import { maxInviteMs } from "../../flows/trust/invites.ts";
import type { EnrolmentView, TrustDesk } from "../../flows/trust/trust-desk.ts";
import { parseBody } from "../parsing/body.ts";

const usualInviteMs = 15 * 60_000;
const usualOverlapMs = 7 * 86_400_000;
const name = z
  .string()
  .refine(isFleetName, "use 1 to 64 letters, digits, dots, dashes and underscores, no dot or dash first");

const inviteSchema = z.strictObject({
  pool: name,
  name: name.optional(),
  count: z.int().min(1).max(100).optional(),
  /** Seconds. */
  expires_in: z
    .int()
    .min(1)
    .max(maxInviteMs / 1_000)
    .optional(),
  /** `host:port` that the machine dials, where it is not the one that the orchestrator knows of itself. */
  address: z
    .string()
    .max(300)
    .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]{1,253}):\d{1,5}$/, "give host:port")
    .optional(),
});

const rotateSchema = z.strictObject({
  /** Seconds. */
  overlap: z
    .int()
    .min(0)
    .max(90 * 86_400)
    .optional(),
});

type WorkerParams = { Params: { id: string } };

/** Who may join the fleet, who has, and who vouches for it. */
export function trustRoutes(app: FastifyInstance, deps: { readonly trust: TrustDesk | undefined }): void {
  const desk = (): TrustDesk => {
    if (deps.trust !== undefined) return deps.trust;
    throw new MusterError(
      "unsupported",
      "The fleet port of this orchestrator is on loopback: only workers on this machine reach it, and they need no invitation (muster worker). For others to join, start it with MUSTER_FLEET_HOST=0.0.0.0 (or another address of this machine).",
    );
  };
  const admin = { config: { scope: "admin" as const } };
  const read = { config: { scope: "read" as const } };

  app.post("/cluster/v1/invites", admin, async (request, reply) => {
    const body = parseBody(inviteSchema, request.body);
    const { lines, expiresAtMs } = await desk().invite(
      {
        ...{ pool: body.pool, name: body.name, count: body.count ?? 1, address: body.address },
        forMs: body.expires_in === undefined ? usualInviteMs : body.expires_in * 1_000,
      },
      request.principal.keyId,
    );
    return reply.status(201).send({
      object: "list",
      data: lines.map((url) => ({
        ...{ object: "invite", url, command: `muster worker join ${url}`, pool: body.pool },
        ...{ name: body.name ?? null, expires_at: Math.floor(expiresAtMs / 1_000) },
      })),
      has_more: false,
    });
  });

  app.get("/cluster/v1/enrolments", read, () => ({
    object: "list",
    data: desk().enrolments().map(enrolmentBody),
    has_more: false,
  }));

  app.post<WorkerParams>("/cluster/v1/workers/:id/revoke", admin, async (request) =>
    enrolmentBody(await desk().revoke(request.params.id, request.principal.keyId)),
  );

  app.get("/cluster/v1/trust", read, () => trustBody(desk().authorities()));

  app.post("/cluster/v1/trust/rotate", admin, async (request) => {
    const { overlap } = parseBody(rotateSchema, request.body ?? {});
    const overlapMs = overlap === undefined ? usualOverlapMs : overlap * 1_000;
    return trustBody(await desk().rotate(overlapMs, request.principal.keyId));
  });
}

function enrolmentBody({ id, name, pool, state, joinedAtMs, lastSeenDay }: EnrolmentView) {
  return {
    ...{ id, object: "enrolment", name, pool, state },
    ...{ joined_at: Math.floor(joinedAtMs / 1_000), last_seen: lastSeenDay },
  };
}

function trustBody(authorities: readonly AuthorityView[]) {
  return {
    object: "trust",
    authorities: authorities.map((one) => ({
      ...{ id: one.id, signs: one.isSigning, serves: one.isServing, is_brought: one.isBrought },
      created_at: Math.floor(one.createdAtMs / 1_000),
      serves_from: Math.floor(one.servesFromMs / 1_000),
      ends_at: one.endsAtMs === undefined ? null : Math.floor(one.endsAtMs / 1_000),
    })),
  };
}
