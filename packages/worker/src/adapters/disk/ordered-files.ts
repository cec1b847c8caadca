import { homedir } from "node:os";
import { resolve } from "node:path";
import { isBelow, leadsInto, MusterError } from "@muster/base";
import { modelParts, parseModelUri } from "@muster/models";

/** Which files of this machine an orchestrator may name by their path. */
export interface OrderedFiles {
  /** Throws MusterError `invalid_request` for a path that nobody here has allowed, by what is written. */
  check(uri: string): void;
  /** The same, by where links lead. */
  checkLinks(uri: string): Promise<void>;
}

export interface OrderedFilesOptions {
  /** Where fetched models are. */
  readonly modelDirectory: string;
  /** Addresses of models that the machine's owner has named. */
  readonly named: readonly string[];
  /** Folders that the owner has opened; `*`: all. */
  readonly allowPaths: readonly string[];
}

/**
 * Paths in orders are refused unless the machine's owner has named the file or opened its folder: whoever may order could
 * have any file of this user's read as a model otherwise, and learn what there is.
 */
export function createOrderedFiles({ modelDirectory, named, allowPaths }: OrderedFilesOptions): OrderedFiles {
  const isOpen = allowPaths.includes("*");
  const folders = [modelDirectory, ...allowPaths.filter((path) => path !== "*")].map(absolute);
  const owners = new Set(named.flatMap(pathsOf));
  const asked = (uri: string) => (isOpen ? [] : pathsOf(uri).filter((path) => !owners.has(path)));
  return {
    check(uri) {
      for (const path of asked(uri)) if (!folders.some((folder) => isBelow(folder, path))) throw refused();
    },
    async checkLinks(uri) {
      for (const path of asked(uri)) {
        const isInside = await Promise.all(folders.map((folder) => leadsInto(folder, path)));
        if (!isInside.includes(true)) throw refused();
      }
    },
  };
}

/** All files of a model that is named by a path; none for other addresses. */
function pathsOf(uri: string): readonly string[] {
  const parsed = parseModelUri(uri);
  return parsed.kind === "path" ? modelParts(absolute(parsed.path)) : [];
}

function absolute(path: string): string {
  return resolve(/^~[/\\]/.test(path) ? `${homedir()}${path.slice(1)}` : path);
}

/** Without the path: what is there is nobody's business. */
function refused(): MusterError {
  return new MusterError(
    "invalid_request",
    "An orchestrator may not name this file of the worker's machine. Give hf:, https: or local:, put the file into the " +
      "worker's model directory, or have its owner name it or open its folder with MUSTER_ALLOW_PATHS.",
    { param: "model" },
  );
}
