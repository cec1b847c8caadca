import { createHash } from "node:crypto";
import type { Digest } from "../../ports/digest.ts";

export const sha256: Digest = (data) => createHash("sha256").update(data).digest("hex");
