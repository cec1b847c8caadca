import { jobQueueContract } from "../../ports/job-queue.contract.ts";
import { createMemoryJobQueue } from "./job-queue.ts";

jobQueueContract("memory", async () => createMemoryJobQueue());
