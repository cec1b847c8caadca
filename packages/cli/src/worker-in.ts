/** The worker in a fingerprint, `muster-<worker>-<model>-<variant>`: what stands before the model's name. */
export function workerIn(answer: {
  readonly system_fingerprint?: string | null | undefined;
  readonly model: string;
}): string | undefined {
  const names = answer.system_fingerprint?.replace(/^muster-/, "");
  const at = names?.lastIndexOf(`-${answer.model.replace(/[^\w.-]+/g, "_").slice(0, 48)}`) ?? -1;
  return at > 0 ? names?.slice(0, at) : names;
}
