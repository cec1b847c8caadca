import { expect, it } from "vitest";
import { childEnvironment, gpuEnvironment } from "./child-environment.ts";

it("passes what native libraries need and no secrets", () => {
  const environment = childEnvironment({
    PATH: "/bin",
    CUDA_VISIBLE_DEVICES: "1",
    HF_TOKEN: "secret",
    MUSTER_JOIN_TOKEN: "secret",
    UV_THREADPOOL_SIZE: "3",
    LANG: undefined,
  });
  expect(environment).toEqual({ PATH: "/bin", CUDA_VISIBLE_DEVICES: "1", UV_THREADPOOL_SIZE: "3" });
});

it("leaves an engine the GPUs that were chosen, whatever it is built on", () => {
  const host = { PATH: "/bin", CUDA_VISIBLE_DEVICES: "0,1,2" };
  expect(childEnvironment({ ...host, ...gpuEnvironment([0, 2]) })).toMatchObject({
    PATH: "/bin",
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    CUDA_VISIBLE_DEVICES: "0,2",
    GGML_VK_VISIBLE_DEVICES: "0,2",
    HIP_VISIBLE_DEVICES: "0,2",
  });
  expect(childEnvironment({ ...host, ...gpuEnvironment(undefined) })).toMatchObject(host);
});
