import type { FastifyReply } from "fastify";
import type { AnswerSource } from "../../core/job.ts";

/** Says in headers which workers answered, with which files of the model, and after how many attempts. */
export function nameSources(reply: FastifyReply, sources: readonly AnswerSource[]): void {
  const attempts = sources.reduce((most, { epoch }) => Math.max(most, epoch), 1);
  reply.header("x-muster-worker", listed(sources.map(({ workerName }) => workerName)));
  reply.header("x-muster-attempts", String(attempts));
  const variants = sources.flatMap(({ variant }) => (variant === undefined ? [] : [variant]));
  if (variants.length > 0) reply.header("x-muster-variant", listed(variants));
}

/** Names come from people's machines: a header holds visible ASCII only. */
export function headerSafe(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, "_");
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].map(headerSafe).join(", ");
}
