import { readdir } from "node:fs/promises";
import { posix, win32 } from "node:path";
import type { Env } from "@muster/base";

export interface CudaSearch {
  readonly platform: NodeJS.Platform;
  readonly env: Env;
  /** Names in a folder; none where it does not exist. */
  readonly list: (folder: string) => Promise<readonly string[]>;
}

/** The files of one release of the CUDA runtime; `%` stands for its major version. */
const runtimeFiles = {
  linux: ["libcudart.so.%", "libcublas.so.%", "libcublasLt.so.%"],
  win32: ["cudart64_%.dll", "cublas64_%.dll", "cublasLt64_%.dll"],
} as const;
const driverFiles = { linux: "libcuda.so.1", win32: "nvcuda.dll" } as const;

/** Releases that prebuilt engines exist for, newest first. */
const majors = [13, 12] as const;

export type CudaMajor = (typeof majors)[number];

/**
 * The newest CUDA runtime on this machine that an engine can be had for, or undefined. The driver must be there too:
 * a runtime alone computes nothing. Looks only at names of files; nothing is loaded.
 */
export async function findCudaRuntime(search: CudaSearch): Promise<CudaMajor | undefined> {
  const { platform } = search;
  if (platform !== "linux" && platform !== "win32") return undefined;
  const folders = platform === "linux" ? await linuxFolders(search) : await windowsFolders(search);
  const names = new Set((await Promise.all(folders.map(search.list))).flat());
  if (!names.has(driverFiles[platform])) return undefined;
  return majors.find((major) =>
    runtimeFiles[platform].every((file) => names.has(file.replace("%", String(major)))),
  );
}

/** Of the real disk. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function linuxFolders({ env, list }: CudaSearch): Promise<string[]> {
  const installations = (await list("/usr/local"))
    .filter((name) => name === "cuda" || name.startsWith("cuda-"))
    .map((name) => posix.join("/usr/local", name));
  const targets = await Promise.all(
    installations.map(async (path) =>
      (await list(posix.join(path, "targets"))).map((target) => posix.join(path, "targets", target, "lib")),
    ),
  );
  return [
    ...split(env["LD_LIBRARY_PATH"], ":"),
    ...split(env["CUDA_PATH"], ":").map((path) => posix.join(path, "lib64")),
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    // The driver of Windows, seen from its Linux subsystem.
    "/usr/lib/wsl/lib",
    ...installations.map((path) => posix.join(path, "lib64")),
    ...targets.flat(),
  ];
}

async function windowsFolders({ env, list }: CudaSearch): Promise<string[]> {
  const toolkit = win32.join(
    env["ProgramFiles"] ?? "C:\\Program Files",
    "NVIDIA GPU Computing Toolkit",
    "CUDA",
  );
  const installations = (await list(toolkit)).map((name) => win32.join(toolkit, name));
  return [
    ...[...installations, ...split(env["CUDA_PATH"], ";")].flatMap((path) => [
      win32.join(path, "bin"),
      win32.join(path, "bin", "x64"),
    ]),
    ...split(env["Path"] ?? env["PATH"], ";"),
    win32.join(env["SystemRoot"] ?? "C:\\Windows", "System32"),
  ];
}

function split(paths: string | undefined, separator: string): string[] {
  return (paths ?? "").split(separator).filter((path) => path !== "");
}
