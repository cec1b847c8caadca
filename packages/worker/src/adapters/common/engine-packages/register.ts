/** Loaded by an engine's process before anything else (`--import`), where packages were fetched for it. */
import { register } from "node:module";
import { hostEnvironment } from "../config.ts";
import { type PackageEntries, packagesVariable } from "./entries.ts";

const given = hostEnvironment[packagesVariable];
if (given)
  register("./resolve-hook.js", { parentURL: import.meta.url, data: JSON.parse(given) as PackageEntries });
