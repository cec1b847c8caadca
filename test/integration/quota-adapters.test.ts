import { silentLog } from "@muster/base";
import {
  createRedisQuota,
  createRedisTenantClaims,
  quotaContract,
  tenantClaimsContract,
} from "@muster/orchestrator/testing";
import { testRedis } from "../support/redis.ts";

let prefixes = 0;
const freshPrefix = () => `quota-${process.pid}-${++prefixes}`;

quotaContract("Redis", async () => {
  const { url } = await testRedis();
  const prefix = freshPrefix();
  let skewMs = 0;
  const open = () => createRedisQuota({ address: url, prefix, log: silentLog, skewMs: () => skewMs });
  return {
    quotas: [open(), open()],
    advance(ms) {
      skewMs += ms;
    },
  };
});

tenantClaimsContract("Redis", async () => {
  const { url } = await testRedis();
  const prefix = freshPrefix();
  let skewMs = 0;
  const open = () => createRedisTenantClaims({ address: url, prefix, log: silentLog, skewMs: () => skewMs });
  return {
    claims: [open(), open()],
    advance(ms) {
      skewMs += ms;
    },
  };
});
