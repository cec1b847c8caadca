// A Prometheus for tests of its rules and dashboards: found, or installed with the system's package manager.
import { findProgram } from "./command.mjs";
import { ensureProgram, removeService } from "./system-packages.mjs";

const programs = ["prometheus", "promtool"];
const furtherFolders = ["/usr/local/bin", "/opt/homebrew/bin"];
const packages = { "apt-get": ["prometheus"], apk: ["prometheus"], brew: ["prometheus"] };
const otherwise = "Or put prometheus and promtool of https://prometheus.io/download on PATH.";

/** { prometheus, promtool }: their files; undefined where one is missing. */
export function findPrometheus() {
  const [prometheus, promtool] = programs.map((program) => findProgram([program], furtherFolders));
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool };
}

/** As `findPrometheus`, and installs it where it is not there. Throws a ToolError where that cannot be. */
export async function ensurePrometheus() {
  const found = findPrometheus();
  if (found !== undefined) return found;
  const { manager } = await ensureProgram({
    name: "Prometheus",
    programs: ["promtool"],
    ...{ furtherFolders, packages, otherwise },
  });
  // Tests start one of their own; the distribution's must neither run nor start with the machine.
  if (manager === "apt-get") await removeService("prometheus");
  return findPrometheus();
}
