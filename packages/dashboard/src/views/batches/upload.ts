import type { FileObject } from "@muster/sdk";
import { ApiError } from "../../data/api.ts";

interface Upload {
  readonly file: Blob;
  readonly name: string;
  readonly signal: AbortSignal;
  /** 0 to 1, of the bytes that have left. */
  readonly onProgress: (share: number) => void;
}

/** Sends a batch's input. An XMLHttpRequest, since `fetch` tells nobody how much has left. Throws an ApiError. */
export function uploadInput({ file, name, signal, onProgress }: Upload): Promise<FileObject> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("POST", "/v1/files");
    request.setRequestHeader("x-muster-dashboard", "1");
    request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) => {
      if (lengthComputable && total > 0) onProgress(loaded / total);
    });
    request.addEventListener("load", () => {
      const outcome = uploadOutcome(request.status, request.responseText);
      if (outcome instanceof ApiError) reject(outcome);
      else resolve(outcome);
    });
    request.addEventListener("error", () =>
      reject(new ApiError(0, "unreachable", "The connection broke while the file was sent. Try again.")),
    );
    request.addEventListener("abort", () => reject(new ApiError(0, "cancelled", "The upload was stopped.")));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    signal.addEventListener("abort", abort);
    const form = new FormData();
    form.append("purpose", "batch");
    form.append("file", file, name);
    request.send(form);
    if (signal.aborted) abort();
  });
}

/** What the server's answer says. */
export function uploadOutcome(status: number, text: string): FileObject | ApiError {
  const says = parsed(text) as { error?: { code?: string | null; message?: string } } | undefined;
  if (status >= 200 && status < 300 && says !== undefined) return says as unknown as FileObject;
  const { code, message } = says?.error ?? {};
  return new ApiError(status, code ?? "", message ?? `The server answered ${status}.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
