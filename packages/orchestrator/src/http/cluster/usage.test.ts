import { ManualClock } from "@muster/base";
import { fastify } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { noLimits, type Principal, type Scope } from "../../core/access/principal.ts";
import { noCounts, type UsageRow } from "../../core/usage/usage-row.ts";
import { usageRoute } from "./usage.ts";

const row = (more: Partial<UsageRow>): UsageRow => ({
  ...{ ...noCounts, day: "1970-01-01", keyId: "k", tenant: "t", model: "m", class: "interactive" },
  ...{ ok: 1, promptTokens: 10, completionTokens: 5, wattHours: 500 },
  ...more,
});

async function ask(
  as: { readonly scopes: readonly Scope[]; readonly tenant: string },
  query: string,
  more: { readonly rows?: readonly UsageRow[]; readonly pricePerKwh?: number } = {},
) {
  const app = fastify();
  onTestFinished(() => app.close());
  const principal: Principal = {
    ...{ keyId: "k", keyName: "k", tenant: as.tenant, scopes: new Set(as.scopes) },
    ...{ models: undefined, limits: noLimits },
  };
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request) => {
    request.principal = principal;
  });
  const days: string[] = [];
  const usage = {
    answered() {},
    rows: async (from: string, until: string) => {
      days.push(from, until);
      return more.rows ?? [row({}), row({ tenant: "u", keyId: "other" })];
    },
  };
  const keyRing = { nameOf: (keyId: string) => (keyId === "other" ? "nightly" : undefined) };
  usageRoute(app, { usage, keyRing, clock: new ManualClock(), pricePerKwh: more.pricePerKwh });
  const answer = await app.inject({ url: `/cluster/v1/usage?${query}` });
  return { answer, days };
}

describe("GET /cluster/v1/usage", () => {
  it("shows a reader what is of their tenant, and an administrator everything", async () => {
    const { answer } = await ask({ scopes: ["read"], tenant: "t" }, "by=tenant");
    expect(answer.json()).toMatchObject({
      data: [{ tenant: "t", requests: 1, total_tokens: 15 }],
      total: { requests: 1 },
    });
    const stranger = await ask({ scopes: ["read", "inference"], tenant: "v" }, "by=tenant&key=other");
    // Only where keys are told apart.
    expect(answer.json().data[0]).not.toHaveProperty("key_name");
    expect(stranger.answer.json()).toMatchObject({ data: [], total: { requests: 0, watt_hours: null } });
    const all = await ask({ scopes: ["admin"], tenant: "v" }, "by=tenant&by=key");
    expect(all.answer.json()).toMatchObject({
      by: ["tenant", "key"],
      data: [
        { tenant: "t", key: "k", key_name: null },
        { tenant: "u", key: "other", key_name: "nightly" },
      ],
      total: { requests: 2, total_tokens: 30 },
    });
  });

  it("asks for the last thirty days, or those that were named", async () => {
    const admin = { scopes: ["admin"] as const, tenant: "t" };
    expect((await ask(admin, "")).days).toEqual(["1969-12-03", "1970-01-01"]);
    expect((await ask(admin, "until=2026-03-01")).days).toEqual(["2026-01-31", "2026-03-01"]);
    expect((await ask(admin, "since=2026-02-28&until=2026-03-01")).days).toEqual([
      "2026-02-28",
      "2026-03-01",
    ]);
  });

  it("tells the cost of the electricity where a price is set and something was measured", async () => {
    const admin = { scopes: ["admin"] as const, tenant: "t" };
    const rows = [row({}), row({ model: "n", wattHours: 0 })];
    const { answer } = await ask(admin, "by=model", { rows, pricePerKwh: 0.3 });
    expect(answer.json()).toMatchObject({
      data: [
        { model: "m", watt_hours: 500, cost: 0.15 },
        { model: "n", watt_hours: null, cost: null },
      ],
    });
  });

  it("writes CSV that a sheet takes for text", async () => {
    const rows = [
      row({ keyId: "=cmd()", model: 'a"b,c' }),
      row({ keyId: "other" }),
      row({ keyId: "p", model: "-2+cmd()" }),
    ];
    const { answer } = await ask({ scopes: ["admin"], tenant: "t" }, "by=key,model&format=csv", { rows });
    expect(answer.body).toBe(
      "key,key_name,model,requests,failed_requests,prompt_tokens,cached_tokens,completion_tokens,total_tokens,worker_seconds,watt_hours,cost\r\n" +
        '\'=cmd(),,"a""b,c",1,0,10,0,5,15,0,500,\r\n' +
        "other,nightly,m,1,0,10,0,5,15,0,500,\r\n" +
        "p,,'-2+cmd(),1,0,10,0,5,15,0,500,\r\n",
    );
  });
});
