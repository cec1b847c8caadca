/**
 * The process that runs one model: started by `engine-process.ts`, spoken to over IPC. A crash of the native code
 * ends this process and not the worker.
 */
import { MusterError } from "@muster/base";
import { planAnswer } from "./answer-plan.ts";
import type {
  AnswerItem,
  ChildGenerateRequest,
  ChildMessage,
  ChildRequest,
  Failure,
  ParentMessage,
} from "./child-messages.ts";
import { type LoadedModel, loadModel } from "./loaded-model.ts";
import { Outbox } from "./outbox.ts";
import { runAnswer } from "./request-loop.ts";
import type { SideRequest } from "./side-tasks.ts";

interface RunningAnswer {
  isCancelled: boolean;
}

const running = new Map<number, RunningAnswer>();
const outbox = new Outbox((items: readonly AnswerItem[], whenWritten) => {
  send({ kind: "answers", items }, whenWritten);
});
let loaded: LoadedModel | undefined;

// The worker decides when the model goes; a Ctrl+C in its terminal must not take the answers away.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
// Without a worker nobody reads the answers. No orderly exit: native threads may be in the middle of a step.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.on("message", (message) => receive(message as ParentMessage));

function send(message: ChildMessage, whenWritten: () => void = () => {}): void {
  process.send?.(message, undefined, {}, whenWritten);
}

function receive(message: ParentMessage): void {
  switch (message.kind) {
    case "load":
      void load(message.spec);
      return;
    case "infer":
      void infer(message.id, message.request);
      return;
    case "cancel": {
      const answer = running.get(message.id);
      if (answer !== undefined) answer.isCancelled = true;
      return;
    }
    default:
      message satisfies never;
  }
}

async function load(spec: (ParentMessage & { kind: "load" })["spec"]): Promise<void> {
  try {
    loaded = await loadModel(spec, (fraction) => send({ kind: "progress", fraction }));
    send({ kind: "loaded", info: loaded.info });
  } catch (error) {
    send({ kind: "load-failed", failure: toFailure(MusterError.from(error, "model_load_failed")) });
  }
}

async function infer(id: number, request: ChildRequest): Promise<void> {
  const answer: RunningAnswer = { isCancelled: false };
  running.set(id, answer);
  try {
    if (request.task !== "generate") {
      outbox.end(id, await runSideTask(id, request, answer));
      return;
    }
    const outcome = await answerRequest(id, request, answer);
    if (outcome.kind === "end") outbox.end(id, outcome);
    else outbox.fail(id, { code: "cancelled", message: "The answer was cancelled." });
  } catch (error) {
    outbox.fail(id, toFailure(MusterError.from(error, "engine_failed")));
  } finally {
    running.delete(id);
  }
}

function runSideTask(id: number, request: SideRequest, answer: RunningAnswer) {
  if (loaded === undefined) throw new MusterError("engine_failed", "The model is not loaded yet.");
  return loaded.tasks.run(request, {
    isCancelled: () => answer.isCancelled,
    give: (delta) => outbox.delta(id, delta),
  });
}

async function answerRequest(id: number, request: ChildGenerateRequest, answer: RunningAnswer) {
  if (loaded === undefined) throw new MusterError("engine_failed", "The model is not loaded yet.");
  if (loaded.parts === undefined)
    throw new MusterError("unsupported", "This model gives vectors or scores of texts and cannot write.");
  const plan = planAnswer(loaded.prompts, request, loaded.parts.contextTokens);
  return runAnswer(loaded.parts, {
    request,
    plan,
    isCancelled: () => answer.isCancelled,
    onDelta: (delta) => outbox.delta(id, delta),
  });
}

function toFailure(error: MusterError): Failure {
  return {
    code: error.code,
    message: error.message,
    ...(error.param === undefined ? {} : { param: error.param }),
  };
}
