import { packageVersion } from "@muster/base";

/** The version of this package. */
export const version: string = packageVersion(new URL("../package.json", import.meta.url));
