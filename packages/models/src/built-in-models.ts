import { fileURLToPath } from "node:url";

/** The models that come with Muster, by name: small enough to be in the package, good enough to see that all works. */
export const builtInModels = {
  "tiny-gemma": fileURLToPath(new URL("../built-in/tiny-gemma.gguf", import.meta.url)),
} as const satisfies Readonly<Record<string, string>>;
