import { expect, it } from "vitest";
import type { AttemptWork } from "./attempt-table.ts";
import { ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

const payer = { keyId: "k", tenant: "t", class: "interactive" } as const;

it("is told of every attempt, also of one whose worker was lost, and of none that nobody pays for", async () => {
  const flows = startFlows();
  const worked: AttemptWork[] = [];
  flows.attempts.onWorked((work) => worked.push(work));
  const [first, second] = [new ScriptedWorker(flows, "one"), new ScriptedWorker(flows, "two")];
  const asked = await submit(flows, { payer, isRestartable: true });
  const assigned = await Promise.race([
    first.untilAssigned(1).then(() => first),
    second.untilAssigned(1).then(() => second),
  ]);
  const other = assigned === first ? second : first;
  flows.clock.advance(3_000);
  assigned.die();
  const again = await other.untilAssigned(1);
  flows.clock.advance(500);
  other.finish(again);
  await asked.done;
  expect(worked).toEqual([
    { workerId: assigned.id, model: "m", payer, ms: 3_000 },
    { workerId: other.id, model: "m", payer, ms: 500 },
  ]);

  const free = await submit(flows);
  other.finish(await other.untilAssigned(2));
  await free.done;
  expect(worked.length).toBe(2);
});
