import { expect, it } from "vitest";
import { childEnvironment } from "./child-environment.ts";

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
