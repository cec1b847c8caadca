/** What a file can be made of. A string or bytes are the content itself. */
export type FileSource = Blob | string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** The body of a request that carries a file. */
export interface Upload {
  readonly contentType: string;
  /** Whether a second try can send it again. */
  readonly isRepeatable: boolean;
  /** The body for one try; `onProgress` hears of each piece that leaves. */
  open(onProgress: () => void): Promise<Blob | ReadableStream<Uint8Array>>;
  /** Nobody wants the rest. */
  stop(): void;
  /** What the source threw, where it is the source that failed. */
  failure(): { readonly error: unknown } | undefined;
}

interface FormFile {
  readonly name: string;
  readonly content: FileSource;
}

/** Small pieces travel together. */
const pieceBytes = 64 * 1024;
const contentType = "application/jsonl";

/** A form with a file at its end, in the format of multipart/form-data: whole where it can be, else as a stream. */
export function formUpload(fields: Readonly<Record<string, string>>, file: FormFile): Upload {
  const boundary = `muster-${randomText()}${randomText()}`;
  const head = Object.entries(fields)
    .map(([name, value]) => `${partHead(boundary, `name="${quoted(name)}"`)}\r\n${value}\r\n`)
    .concat(
      `${partHead(boundary, `name="file"; filename="${quoted(file.name)}"`)}content-type: ${contentType}\r\n\r\n`,
    )
    .join("");
  const tail = `\r\n--${boundary}--\r\n`;
  const form = `multipart/form-data; boundary=${boundary}`;
  const { content } = file;
  if (typeof content === "string" || content instanceof Uint8Array || content instanceof Blob) {
    // TypeScript tells apart bytes that threads share, which none of ours are.
    const whole = new Blob([head, content as BlobPart, tail]);
    return {
      contentType: form,
      isRepeatable: true,
      open: async () => whole,
      stop: () => {},
      failure: () => undefined,
    };
  }
  return streamUpload(form, framed(head, content, tail));
}

/** The content itself as the body. */
export function rawUpload(content: FileSource): Upload {
  const type = "application/octet-stream";
  if (typeof content === "string" || content instanceof Uint8Array || content instanceof Blob) {
    const whole = new Blob([content as BlobPart]);
    return {
      contentType: type,
      isRepeatable: true,
      open: async () => whole,
      stop: () => {},
      failure: () => undefined,
    };
  }
  return streamUpload(type, encoded(content));
}

async function* encoded(content: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  for await (const piece of content) yield typeof piece === "string" ? encoder.encode(piece) : piece;
}

function streamUpload(form: string, pieces: AsyncGenerator<Uint8Array, void>): Upload {
  let failure: { readonly error: unknown } | undefined;
  let isStopped = false;
  let fail: (error: Error) => void = () => {};
  const next = async () => {
    try {
      return await pieces.next();
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  const stop = () => {
    isStopped = true;
    // An end would make a whole file of what was sent so far.
    fail(new Error("The rest of the upload is not wanted."));
    pieces.return().catch(() => {});
  };
  const streamOf = (onProgress: () => void) =>
    new ReadableStream<Uint8Array>(
      {
        start(controller) {
          fail = (error) => controller.error(error);
        },
        async pull(controller) {
          const { done, value } = await next();
          if (isStopped) return;
          onProgress();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: stop,
      },
      { highWaterMark: 0 },
    );
  return {
    contentType: form,
    isRepeatable: false,
    open: async (onProgress) => (canStreamRequests() ? streamOf(onProgress) : await blobOf(next)),
    stop,
    failure: () => failure,
  };
}

/** Browsers keep large blobs on disk. */
async function blobOf(next: () => Promise<IteratorResult<Uint8Array, void>>): Promise<Blob> {
  const parts: Blob[] = [];
  for (let step = await next(); !step.done; step = await next())
    parts.push(new Blob([step.value as BlobPart]));
  return new Blob(parts);
}

/** Servers' runtimes can. Browsers that can do so over HTTP/2 only, which nobody knows beforehand. */
function canStreamRequests(): boolean {
  if ("location" in globalThis) return false;
  let asked = false;
  const probe = {
    method: "POST",
    body: new ReadableStream(),
    get duplex() {
      asked = true;
      return "half";
    },
  };
  // A runtime that does not know streams makes text of them, and gives it a type.
  const hasType = new Request("http://localhost/", probe).headers.has("content-type");
  return asked && !hasType;
}

async function* framed(
  head: string,
  content: AsyncIterable<string | Uint8Array>,
  tail: string,
): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  let waiting: Uint8Array[] = [encoder.encode(head)];
  let bytes = 0;
  for await (const piece of content) {
    const encoded = typeof piece === "string" ? encoder.encode(piece) : piece;
    waiting.push(encoded);
    bytes += encoded.byteLength;
    if (bytes < pieceBytes) continue;
    yield joined(waiting);
    waiting = [];
    bytes = 0;
  }
  waiting.push(encoder.encode(tail));
  yield joined(waiting);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

function partHead(boundary: string, disposition: string): string {
  return `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n`;
}

/** As browsers write names in forms. */
function quoted(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}

function randomText(): string {
  return Math.random().toString(36).slice(2, 14);
}
