import { MusterError } from "@muster/base";
import { callHttp, type HttpTarget, maxJsonBytes, readText } from "../http-call.ts";
import { asFields, type JsonFields, parseJson } from "../json-fields.ts";
import { errorInside, refusalOf } from "./errors.ts";
import type { Upstream } from "./upstream.ts";

/** Posts JSON and gives the object that comes back. Throws MusterError and HttpFailure. */
export async function postJson(
  upstream: Upstream,
  call: {
    readonly path: string;
    readonly body: unknown;
    readonly signal: AbortSignal;
    /** Undefined: the upstream's API. */
    readonly at?: HttpTarget;
  },
): Promise<JsonFields> {
  const { path, body, signal } = call;
  const { silenceMs } = upstream;
  const reply = await callHttp(call.at ?? upstream.api, { method: "POST", path, body, signal, silenceMs });
  if (reply.status !== 200) throw await refusalOf(reply, upstream);
  const json = asFields(parseJson(await readText(reply, maxJsonBytes)));
  if (json === undefined) {
    throw new MusterError(
      "engine_failed",
      `${upstream.name} answered ${path} with something that is no JSON object.`,
    );
  }
  const error = errorInside(upstream, json);
  if (error !== undefined) throw error;
  return json;
}
