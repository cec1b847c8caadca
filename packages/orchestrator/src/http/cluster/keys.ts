import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { changedBounds, type KeyChange } from "../../core/access/key-change.ts";
import { limitNames } from "../../core/access/key-part.ts";
import { type ApiKeyRecord, stateOfKey } from "../../core/access/key-record.ts";
import { type Limits, scopes } from "../../core/access/principal.ts";
import type { HttpDeps } from "../http-deps.ts";
import { secondsOf } from "../openai/unix-seconds.ts";
import { parseBody } from "../parsing/body.ts";

/** As names of tenants are: a key's tenant is its name unless it says otherwise. */
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, {
  message: "write 1 to 32 lower-case letters, digits and hyphens, the first not a hyphen",
});
const limit = z.int().min(1).max(Number.MAX_SAFE_INTEGER).nullish();
const weight = z.number().min(0.01).max(1_000).nullish();
const maxYearsMs = 10 * 366 * 86_400_000;

const bounds = {
  /** With `*` for any text. */
  models: z
    .array(
      z
        .string()
        .min(1)
        .max(128)
        .regex(/^[^\s\p{C}]+$/u),
    )
    .min(1)
    .max(64)
    .nullish(),
  limits: z
    .strictObject({
      requests_per_minute: limit,
      tokens_per_minute: limit,
      concurrency: limit,
      batch_lines: limit,
      stored_bytes: limit,
      tokens_per_month: limit,
      weight,
    })
    .nullish(),
  /** Unix seconds. */
  expires_at: z.int().positive().nullish(),
};
const createSchema = z.strictObject({
  name,
  tenant: name.nullish(),
  scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
  ...bounds,
});
/** What is left out stays; null takes it away. */
const changeSchema = z.strictObject(bounds).refine((asked) => Object.keys(asked).length > 0, {
  message: "name what is to be changed: limits, models or expires_at",
});
const rotateSchema = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(86_400),
});

const boundless = { models: undefined, limits: {}, expiresAtMs: undefined };

type WithId = { readonly Params: { readonly id: string } };

/** /cluster/v1/keys: who may ask, for what and how much. A key's text is in one answer alone, and never again. */
export function keysRoutes(app: FastifyInstance, { keys, keyRing, clock }: HttpDeps): void {
  const body = (key: ApiKeyRecord, usedOn?: string | undefined) =>
    keyBody(key, { nowMs: clock.wallMs(), usedOn });

  app.post("/cluster/v1/keys", { config: { scope: "admin" } }, async (request, reply) => {
    const asked = parseBody(createSchema, request.body);
    const expiresAtMs = endOf(asked.expires_at, clock.wallMs()) ?? undefined;
    const { key, text } = await keys.create(
      {
        name: asked.name,
        tenant: asked.tenant ?? undefined,
        scopes: [...new Set(asked.scopes)],
        models: asked.models ?? undefined,
        limits: changedBounds(boundless, { limits: limitsOf(asked.limits) }).limits,
        expiresAtMs,
      },
      request.principal,
    );
    return reply.status(201).send({ ...body(key), key: text });
  });

  app.get("/cluster/v1/keys", { config: { scope: "admin" } }, async () => {
    const uses = await keyRing.uses();
    return {
      object: "list",
      data: [...keys.list()]
        .sort((a, b) => a.made.createdAtMs - b.made.createdAtMs)
        .map((key) => body(key, uses.get(key.made.id))),
      has_more: false,
    };
  });

  app.get<WithId>("/cluster/v1/keys/:id", { config: { scope: "admin" } }, async ({ params: { id } }) => {
    const key = keys.get(id);
    return body(key, (await keyRing.uses()).get(id));
  });

  app.patch<WithId>("/cluster/v1/keys/:id", { config: { scope: "admin" } }, async (request) => {
    const asked = parseBody(changeSchema, request.body);
    const change = {
      models: asked.models,
      limits: limitsOf(asked.limits),
      expiresAtMs: endOf(asked.expires_at, clock.wallMs()),
    };
    return body(await keys.change(request.params.id, change, request.principal));
  });

  app.delete<WithId>("/cluster/v1/keys/:id", { config: { scope: "admin" } }, async ({ params, principal }) =>
    body(await keys.revoke(params.id, principal)),
  );

  app.post<WithId>("/cluster/v1/keys/:id/rotate", { config: { scope: "admin" } }, async (request) => {
    const { overlap_seconds: seconds } = parseBody(rotateSchema, request.body ?? {});
    const { key, text } = await keys.rotate(request.params.id, seconds * 1000, request.principal);
    return { ...body(key), key: text };
  });
}

function keyBody(
  key: ApiKeyRecord,
  { nowMs, usedOn }: { readonly nowMs: number; readonly usedOn: string | undefined },
) {
  const { made, secrets, revoked } = key;
  return {
    ...{ id: made.id, object: "key", name: made.name, tenant: made.tenant, state: stateOfKey(key, nowMs) },
    scopes: made.scopes,
    models: made.models ?? null,
    limits: limitsBody(made.limits),
    secrets: secrets
      .filter(({ endsAtMs }) => endsAtMs === undefined || endsAtMs > nowMs)
      .map(({ id, createdAtMs, endsAtMs }) => ({
        // As the text begins, to find a key by.
        prefix: `mst_${id}`,
        created_at: secondsOf(createdAtMs),
        expires_at: secondsOf(endsAtMs ?? made.expiresAtMs),
      })),
    created_at: secondsOf(made.createdAtMs),
    created_by: made.createdBy,
    expires_at: secondsOf(made.expiresAtMs),
    revoked_at: secondsOf(revoked?.atMs),
    revoked_by: revoked?.by ?? null,
    last_used_on: usedOn ?? null,
  };
}

const wireNames = {
  requestsPerMinute: "requests_per_minute",
  tokensPerMinute: "tokens_per_minute",
  concurrency: "concurrency",
  batchLines: "batch_lines",
  storedBytes: "stored_bytes",
  tokensPerMonth: "tokens_per_month",
  weight: "weight",
} as const satisfies Record<(typeof limitNames)[number], string>;

type WireLimits = Partial<Record<(typeof wireNames)[keyof typeof wireNames], number | null | undefined>>;

/** Null for all of them takes each away. */
function limitsOf(given: WireLimits | null | undefined): KeyChange["limits"] {
  if (given === undefined) return undefined;
  return Object.fromEntries(limitNames.map((each) => [each, given === null ? null : given[wireNames[each]]]));
}

/** Unix time of Unix seconds. */
function endOf<T extends null | undefined>(seconds: number | T, nowMs: number): number | T {
  if (typeof seconds !== "number") return seconds;
  if (seconds * 1_000 - nowMs <= maxYearsMs) return seconds * 1_000;
  throw new MusterError("invalid_request", '"expires_at" is more than ten years away: leave it out.', {
    param: "expires_at",
  });
}

function limitsBody(limits: Limits) {
  return Object.fromEntries(limitNames.map((each) => [wireNames[each], limits[each] ?? null]));
}
