import { hash } from "node:crypto";
import type { Digest } from "../../ports/digest.ts";

export const sha256: Digest = (data) => hash("sha256", data, "hex");
