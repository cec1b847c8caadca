/** For tests of other packages: GGUF files made to measure, and a server that speaks the hub's protocol. */
export {
  type FakeModelServer,
  sha256Of,
  startFakeModelServer,
  thisMachine,
} from "./adapters/http/model-server.fake.ts";
export { array, join, text, u32, u64, writeGguf } from "./core/gguf-bytes.ts";
