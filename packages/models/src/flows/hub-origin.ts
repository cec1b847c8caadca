import { MusterError } from "@muster/base";
import type { ModelDownload } from "../ports/model-download.ts";
import type { ModelHub } from "../ports/model-hub.ts";
import type { LocatedFile, ModelOrigin } from "../ports/model-origin.ts";

/** The internet: a hub for `hf:`, any server for `https:`. */
export function createHubOrigin(deps: {
  readonly hub: ModelHub;
  readonly download: ModelDownload;
}): ModelOrigin {
  const { hub, download } = deps;
  return {
    async locate({ uri, source, sha256, bytes }, signal): Promise<LocatedFile> {
      switch (uri.kind) {
        case "hf": {
          const { url, token, commit, ...found } = await hub.locate(uri, signal);
          const known = { sha256: found.sha256 ?? sha256, bytes: found.bytes ?? bytes };
          return {
            ...found,
            commit,
            fetch: (target) => download.fetch({ ...target, ...known, url, token }),
          };
        }
        case "http": {
          const { url } = uri;
          const unknown = { sha256: undefined, bytes: undefined };
          return {
            ...unknown,
            commit: undefined,
            fetch: (target) => download.fetch({ ...target, url, token: undefined, sha256, bytes }),
          };
        }
        case "local":
          throw new MusterError(
            "not_found",
            `${source} is only in the office mirror that it was put into: join the orchestrator that has it, with ` +
              "MUSTER_FETCH=mirror-first.",
          );
        default:
          return uri satisfies never;
      }
    },
  };
}
