import type { DownloadRequest, ModelDownload } from "../../ports/model-download.ts";
import { downloadTools, type KeptDownloadOptions, keepDownload } from "../common/kept-download.ts";
import { canContinue } from "../common/part-file.ts";
import { transfer } from "./transfer.ts";

export type ModelDownloadOptions = KeptDownloadOptions;

/** Downloads over HTTP: resumed, checked, and locked against other processes. */
export function createModelDownload(options: ModelDownloadOptions): ModelDownload {
  const tools = downloadTools(options);
  return {
    fetch: (request: DownloadRequest) =>
      keepDownload(
        {
          ...request,
          place: withoutQuery(request.url),
          canContinue,
          transfer: async (part, transferTools) => {
            await transfer(part, request, transferTools);
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
