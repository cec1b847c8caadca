import { expect, it } from "vitest";
import { childEnvironment, desktopEnvironment, gpuEnvironment } from "./child-environment.ts";

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

it("tells what asks the desktop where that is, and no secrets", () => {
  const desktop = {
    PATH: "/bin",
    DISPLAY: ":0",
    XDG_RUNTIME_DIR: "/run/user/1",
    DBUS_SESSION_BUS_ADDRESS: "unix:",
  };
  const secrets = {
    HF_TOKEN: "s",
    MUSTER_JOIN_TOKEN: "s",
    MUSTER_UPSTREAM_KEY: "s",
    AWS_SECRET_ACCESS_KEY: "s",
  };
  const { UV_THREADPOOL_SIZE: _threads, ...passed } = desktopEnvironment({ ...desktop, ...secrets });
  expect(passed).toEqual(desktop);
});
