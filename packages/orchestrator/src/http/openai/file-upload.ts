import { MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";
import type { FileRecord, FileStore, ReceivedContent } from "../../flows/batches/file-store.ts";
import type { UploadOf } from "../../flows/quota/stored-bytes.ts";
import { parseBody, wrong } from "../parsing/body.ts";
import { uploadFieldsSchema } from "./schema/files.ts";

/** What the form may hold beside the file itself. */
const formLimits = { fields: 16, fieldNameSize: 100, fieldSize: 1_024, files: 1, headerPairs: 32 };
const maxFormBytes = 64 * 1024;
const maxFilenameLength = 255;
/** OpenAI's files of batches go after 30 days as well. */
const keptSeconds = 30 * 86_400;

interface Form {
  readonly content: ReceivedContent;
  readonly filename: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Stores the file of a form. Its fields may come in any order: the file goes to the store as it arrives, and is removed
 * again where the rest turns out to be wrong.
 */
export async function storeUpload(
  request: FastifyRequest,
  { files, maxFileBytes }: { readonly files: FileStore; readonly maxFileBytes: number },
): Promise<FileRecord> {
  requireForm(request);
  if (Number(request.headers["content-length"] ?? 0) > maxFileBytes + maxFormBytes)
    throw tooLarge(maxFileBytes);
  const { content, filename, fields } = await readForm(request, { files, maxFileBytes });
  try {
    const parsed = parseBody(uploadFieldsSchema, fields);
    const seconds = parsed["expires_after[seconds]"];
    if (seconds === undefined && parsed["expires_after[anchor]"] !== undefined)
      throw wrong("expires_after", "it needs seconds as well as an anchor.");
    const { tenant } = request;
    const expiresAfterMs = (seconds ?? keptSeconds) * 1000;
    return await content.keep({ tenant, filename, purpose: parsed.purpose, expiresAfterMs });
  } catch (error) {
    await content.discard();
    throw error;
  }
}

async function readForm(
  request: FastifyRequest,
  { files, maxFileBytes }: { readonly files: FileStore; readonly maxFileBytes: number },
): Promise<Form> {
  const fields: Record<string, string> = {};
  let file: { readonly content: ReceivedContent; readonly filename: string } | undefined;
  try {
    const limits = { ...formLimits, fileSize: Number.POSITIVE_INFINITY };
    for await (const part of request.parts({ limits })) {
      if (part.type === "field") {
        if (part.valueTruncated || part.fieldnameTruncated) throw wrong(part.fieldname, "it is too long.");
        fields[part.fieldname] = String(part.value);
        continue;
      }
      if (part.fieldname !== "file")
        throw wrong(part.fieldname.slice(0, 64), 'the file must be in the field "file".');
      const content = await files.receive(part.file, maxFileBytes, uploadOf(request));
      file = { content, filename: safeName(part.filename) };
    }
    if (file === undefined) throw wrong("file", 'it is missing. Send the file as the form field "file".');
    return { ...file, fields };
  } catch (thrown) {
    await file?.content.discard();
    throw ownError(thrown, maxFileBytes);
  }
}

function uploadOf({ principal, tenant, headers }: FastifyRequest): UploadOf {
  const atLeastBytes = Math.max(0, Number(headers["content-length"] ?? 0) - maxFormBytes);
  return { tenant, keyName: principal.keyName, mostBytes: principal.limits.storedBytes, atLeastBytes };
}

function requireForm(request: FastifyRequest): void {
  if (request.isMultipart()) return;
  throw new MusterError(
    "invalid_request",
    'Send the file as multipart/form-data, with the fields "file" and "purpose".',
  );
}

/** The store throws our errors; all others are about the form. */
function ownError(thrown: unknown, maxFileBytes: number): MusterError {
  if (thrown instanceof MusterError)
    return thrown.code === "request_too_large" ? tooLarge(maxFileBytes) : thrown;
  const { message } = MusterError.from(thrown);
  return new MusterError("invalid_request", `The form cannot be read: ${message.slice(0, 200)}.`, {
    cause: thrown,
  });
}

function tooLarge(maxFileBytes: number): MusterError {
  return new MusterError(
    "request_too_large",
    `The file is larger than ${maxFileBytes} bytes. Split it into several files, each a batch of its own.`,
    { param: "file" },
  );
}

/** Without a path and what a header cannot hold. */
function safeName(filename: string | undefined): string {
  const name = (filename ?? "").replace(/^.*[/\\]/, "").replace(/\p{Cc}/gu, "");
  return name === "" ? "upload.jsonl" : [...name].slice(0, maxFilenameLength).join("");
}
