import { provenReplicasContract } from "../../ports/proven-replicas.contract.ts";
import { createMemoryProvenReplicas } from "./proven-replicas.ts";

provenReplicasContract("memory", async () => createMemoryProvenReplicas());
