/** For tests of other packages: the contracts of an engine, and an engine that tests build without a worker. */
export { createOpenaiUpstreamEngine } from "./adapters/openai-upstream/engine.ts";
export { engineContract } from "./ports/engine.contract.ts";
export { engineChatContract } from "./ports/engine-chat.contract.ts";
export { engineTasksContract } from "./ports/engine-tasks.contract.ts";
