import { once } from "node:events";
import { Redis } from "ioredis";
import { eventually } from "../harness/cluster.ts";
import { type Office, workersOf } from "../harness/office.ts";
import type { Random } from "../harness/random.ts";

/** What can befall an office; each ends with everybody back on their feet. */
export interface Injury {
  readonly name: string;
  inflict(): Promise<void>;
}

export interface InjuryContext {
  readonly office: Office;
  readonly random: Random;
  /** Resolves when so many more lines are done, or after `patienceMs`: who is hurt may be the one to do them. */
  advance(lines: number, patienceMs: number): Promise<void>;
}

/** Longer than the locks of jobs and the leases of batches last. */
const longFreezeMs = 12_000;
const patienceMs = 3_000;

/** All of them, in an order that the seed gives, each with victims that the seed chooses. */
export function chooseInjuries(context: InjuryContext): Injury[] {
  const { random } = context;
  return random.shuffled([
    killWorker(context),
    killWorker(context),
    killWorker(context),
    ...context.office.orchestrators.map((_orchestrator, at) => killOrchestrator(context, at)),
    killRedis(context),
    loseRedis(context),
    flushRedis(context),
    loseAcknowledgements(context),
    loseAcknowledgements(context),
    slowNetwork(context),
    freezeWorker(context),
    freezeOrchestrator(context),
  ]);
}

function killWorker({ office, random }: InjuryContext): Injury {
  const { process } = random.pick(office.workers);
  return {
    name: `${process.name} is killed`,
    async inflict() {
      await process.kill();
      await process.start();
    },
  };
}

function killOrchestrator({ office, random, advance }: InjuryContext, at: number): Injury {
  const orchestrator = office.orchestrators[at] ?? office.orchestrators[0];
  const awayLines = random.below(400);
  return {
    name: `${orchestrator.process.name} is killed, and away for ${awayLines} lines`,
    async inflict() {
      await orchestrator.kill();
      await advance(awayLines, patienceMs);
      await orchestrator.start();
    },
  };
}

function killRedis({ office: { redis } }: InjuryContext): Injury {
  return {
    name: "Redis is killed, and comes back with its append-only file",
    async inflict() {
      await redis.kill("SIGKILL");
      await redis.restart();
    },
  };
}

function loseRedis({ office: { redis } }: InjuryContext): Injury {
  return { name: "Redis is killed, and comes back with nothing", inflict: () => redis.lose() };
}

function flushRedis({ office: { redis } }: InjuryContext): Injury {
  return {
    name: "Redis is flushed while it runs",
    async inflict() {
      const connection = new Redis(redis.socketPath);
      await connection.flushall();
      const closed = once(connection, "end");
      connection.disconnect();
      await closed;
    },
  };
}

function loseAcknowledgements({ office, random, advance }: InjuryContext): Injury {
  const { process, link } = random.pick(office.orchestrators);
  return {
    name: `what ${process.name} says to its workers is lost, then their connections`,
    async inflict() {
      link.muteServer();
      await advance(100, patienceMs);
      link.reset();
    },
  };
}

function slowNetwork({ office, random, advance }: InjuryContext): Injury {
  const { process, link } = random.pick(office.orchestrators);
  const delayMs = 50 + random.below(200);
  return {
    name: `the network between ${process.name} and its workers is slow by ${delayMs} ms`,
    async inflict() {
      link.delay(delayMs);
      await advance(500, patienceMs);
      link.delay(0);
      link.reset();
    },
  };
}

function freezeWorker({ office, random }: InjuryContext): Injury {
  const { process, orchestrator } = random.pick(office.workers);
  return {
    name: `${process.name} is frozen until it is given up`,
    async inflict() {
      process.freeze();
      const isGivenUp = async () => {
        const workers = await workersOf(orchestrator);
        return !workers.some(({ name, state }) => name === process.name && state === "ready");
      };
      await eventually(isGivenUp, 30_000, 100).finally(() => process.thaw());
    },
  };
}

function freezeOrchestrator({ office, random }: InjuryContext): Injury {
  const orchestrator = random.pick(office.orchestrators);
  return {
    name: `${orchestrator.process.name} is frozen past its locks`,
    async inflict() {
      orchestrator.freeze();
      // How long it lasts is the injury itself.
      await new Promise((resolve) => setTimeout(resolve, longFreezeMs));
      orchestrator.thaw();
    },
  };
}
