import { describe, expect, it } from "vitest";
import { findCudaRuntime } from "./find-runtime.ts";

/** A disk that holds these files and nothing else. */
function disk(...files: readonly string[]) {
  const entries = files.map((file) => file.replaceAll("\\", "/"));
  return (folder: string) => {
    const prefix = `${folder.replaceAll("\\", "/")}/`;
    const names = entries
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length).split("/")[0] ?? "");
    return Promise.resolve([...new Set(names)]);
  };
}

const driver = "/usr/lib/x86_64-linux-gnu/libcuda.so.1";
const runtime = (folder: string, major: number) =>
  ["cudart", "cublas", "cublasLt"].map((name) => `${folder}/lib${name}.so.${major}`);

describe("findCudaRuntime", () => {
  it("finds the newest whole release beside the driver", async () => {
    const list = disk(
      driver,
      ...runtime("/usr/local/cuda-12.8/lib64", 12),
      ...runtime("/usr/local/cuda-13.1/targets/x86_64-linux/lib", 13),
    );
    expect(await findCudaRuntime({ platform: "linux", env: {}, list })).toBe(13);
  });

  it("takes an older one where the newest lacks a part", async () => {
    const list = disk(driver, "/usr/lib64/libcudart.so.13", ...runtime("/opt/cuda/lib64", 12));
    expect(await findCudaRuntime({ platform: "linux", env: { CUDA_PATH: "/opt/cuda" }, list })).toBe(12);
  });

  it("finds none without a driver, without a runtime, or in a release that no engine exists for", async () => {
    const of = (...files: string[]) => findCudaRuntime({ platform: "linux", env: {}, list: disk(...files) });
    expect(await of(...runtime("/usr/lib", 13))).toBeUndefined();
    expect(await of(driver)).toBeUndefined();
    expect(await of(driver, ...runtime("/usr/lib", 11))).toBeUndefined();
  });

  it("looks where Windows keeps it", async () => {
    const bin = "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v13.1\\bin\\x64";
    const list = disk(
      "C:\\Windows\\System32\\nvcuda.dll",
      ...["cudart64_13.dll", "cublas64_13.dll", "cublasLt64_13.dll"].map((name) => `${bin}\\${name}`),
    );
    expect(await findCudaRuntime({ platform: "win32", env: {}, list })).toBe(13);
    expect(await findCudaRuntime({ platform: "darwin", env: {}, list })).toBeUndefined();
  });
});
