import type { Reach } from "@muster/base";
import type { DownloadRequest, ModelDownload } from "../../ports/model-download.ts";
import { downloadTools, type KeptDownloadOptions, keepDownload } from "../common/kept-download.ts";
import { canContinue } from "../common/part-file.ts";
import { transfer } from "./transfer.ts";

export interface ModelDownloadOptions extends KeptDownloadOptions {
  readonly reach: Reach;
}

/** Downloads over HTTP: resumed, checked, and locked against other processes. */
export function createModelDownload(options: ModelDownloadOptions): ModelDownload {
  const tools = downloadTools(options);
  const { reach } = options;
  return {
    fetch: (request: DownloadRequest) =>
      keepDownload(
        {
          ...request,
          place: withoutQuery(request.url),
          canContinue,
          transfer: async (part, transferTools) => {
            await transfer(part, request, { ...transferTools, reach });
            return undefined;
          },
        },
        tools,
      ),
  };
}

/** Queries may hold keys: they stay out of messages. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
