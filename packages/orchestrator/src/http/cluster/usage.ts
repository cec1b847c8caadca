import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { mayDo } from "../../core/access/principal.ts";
import { utcDay } from "../../core/quota/utc.ts";
import {
  costOf,
  groupUsage,
  type UsageDimension,
  type UsageGroup,
  usageDimensions,
} from "../../core/usage/usage-report.ts";
import type { UsageCounts } from "../../core/usage/usage-row.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody, wrong } from "../parsing/body.ts";

const dayMs = 86_400_000;
const usualDays = 30;
/** More files than anybody wants to wait for. */
const mostDays = 400;

const day = z.iso.date("it must be a day in UTC, such as 2026-11-29").optional();
const name = z.string().min(1).max(256).optional();
const usageSchema = z.object({
  by: z.union([z.string().max(256), z.array(z.string().max(256)).max(8)]).optional(),
  ...{ since: day, until: day, key: name, model: name },
  format: z.enum(["json", "csv"], "it must be json or csv").optional(),
});

const columns = [
  ...["requests", "failed_requests", "prompt_tokens", "cached_tokens", "completion_tokens", "total_tokens"],
  ...["worker_seconds", "watt_hours", "cost"],
] as const;

/** GET /cluster/v1/usage: what keys have taken. Whoever is no administrator sees what is of their own tenant. */
export function usageRoute(
  app: FastifyInstance,
  deps: Pick<HttpDeps, "usage" | "clock" | "pricePerKwh"> & {
    readonly keyRing: Pick<HttpDeps["keyRing"], "nameOf">;
  },
): void {
  app.get("/cluster/v1/usage", { config: { scope: "read" } }, async ({ principal, query }, reply) => {
    const asked = parseBody(usageSchema, query);
    const by = dimensionsOf(asked.by);
    const { since, until } = daysOf(asked, deps.clock.wallMs());
    const rows = (await deps.usage.rows(since, until)).filter(
      (row) =>
        (mayDo(principal, "admin") || row.tenant === principal.tenant) &&
        row.keyId === (asked.key ?? row.keyId) &&
        row.model === (asked.model ?? row.model),
    );
    const groups = groupUsage(rows, by).map((group): NamedGroup => {
      const { key } = group.names;
      return { ...group, ...(key === undefined ? {} : { keyName: deps.keyRing.nameOf(key) ?? null }) };
    });
    if (asked.format === "csv") {
      reply.header("content-type", "text/csv; charset=utf-8");
      return reply.send(csvOf(groups, by, deps.pricePerKwh));
    }
    const [total] = groupUsage(rows, []);
    return {
      object: "usage",
      ...{ since, until, by },
      data: groups.map(({ names, keyName, counts }) => ({
        ...names,
        ...(keyName === undefined ? {} : { key_name: keyName }),
        ...countsBody(counts, deps.pricePerKwh),
      })),
      total: countsBody(total?.counts, deps.pricePerKwh),
    };
  });
}

/** With the name of its key, where it is told by keys; null where the key is not known any more. */
interface NamedGroup extends UsageGroup {
  readonly keyName?: string | null;
}

function dimensionsOf(by: string | readonly string[] | undefined): readonly UsageDimension[] {
  const words = (typeof by === "string" ? [by] : (by ?? ["key"])).flatMap((word) => word.split(","));
  const wanted = new Set<UsageDimension>();
  for (const word of words) {
    const dimension = usageDimensions.find((known) => known === word);
    if (dimension === undefined)
      throw wrong("by", `"${word.slice(0, 64)}" is none of ${usageDimensions.join(", ")}.`);
    wanted.add(dimension);
  }
  return [...wanted];
}

function daysOf(
  asked: { readonly since?: string | undefined; readonly until?: string | undefined },
  wallMs: number,
): { readonly since: string; readonly until: string } {
  const until = asked.until ?? utcDay(wallMs);
  const since = asked.since ?? utcDay(Date.parse(until) - (usualDays - 1) * dayMs);
  const days = (Date.parse(until) - Date.parse(since)) / dayMs + 1;
  if (days < 1) throw wrong("since", "it must not be after until.");
  if (days > mostDays)
    throw new MusterError(
      "invalid_request",
      `That is ${days} days: ask for ${mostDays} at most, a year in one.`,
      { param: "since" },
    );
  return { since, until };
}

function countsBody(counts: UsageCounts | undefined, pricePerKwh: number | undefined) {
  const { ok = 0, failed = 0, promptTokens = 0, cachedTokens = 0, completionTokens = 0 } = counts ?? {};
  const { workerSeconds = 0, wattHours = 0 } = counts ?? {};
  const cost = counts === undefined ? undefined : costOf(counts, pricePerKwh);
  return {
    requests: ok + failed,
    failed_requests: failed,
    prompt_tokens: promptTokens,
    cached_tokens: cachedTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    worker_seconds: rounded(workerSeconds),
    watt_hours: wattHours === 0 ? null : rounded(wattHours),
    cost: cost === undefined ? null : rounded(cost),
  } satisfies Record<(typeof columns)[number], number | null>;
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** RFC 4180. */
function csvOf(
  groups: readonly NamedGroup[],
  by: readonly UsageDimension[],
  pricePerKwh: number | undefined,
): string {
  const rows = groups.map(({ names, keyName, counts }) => {
    const body = countsBody(counts, pricePerKwh);
    const named = by.flatMap((each) => [names[each] ?? "", ...(each === "key" ? [keyName ?? ""] : [])]);
    return [...named, ...columns.map((column) => String(body[column] ?? ""))];
  });
  const head = by.flatMap((each) => (each === "key" ? [each, "key_name"] : [each]));
  return [[...head, ...columns], ...rows].map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

function csvField(text: string): string {
  // A sheet would take the first of these for a formula. No number of ours is below 0.
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
