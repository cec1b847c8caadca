/** Runs in the thread that resolves imports: sends those of fetched packages to where they were put. */
import type { InitializeHook, ResolveHook } from "node:module";
import type { PackageEntries } from "./entries.ts";

let entries: PackageEntries = {};

export const initialize: InitializeHook<PackageEntries> = (given) => {
  entries = given;
};

export const resolve: ResolveHook = (specifier, context, next) => {
  const url = entries[specifier];
  return url === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true };
};
