// Programs that the system's package manager brings, where they are missing.
import { existsSync } from "node:fs";
import { findProgram, run, runOrFail, ToolError } from "./command.mjs";

/**
 * How each package manager is called. RUNLEVEL=1 keeps apt from starting a service where there is no systemd. For brew,
 * nobody needs to be root.
 */
const managers = [
  {
    program: "apt-get",
    prepare: ["update"],
    install: ["install", "-y", "--no-install-recommends"],
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  },
  { program: "dnf", install: ["install", "-y"] },
  { program: "apk", install: ["add", "--no-cache"] },
  { program: "brew", install: ["install"], isForUsers: true },
];

/**
 * Finds one of the `programs`, in PATH or in `furtherFolders`, or installs it: `packages` names for each manager what is
 * tried in order until it is there. Resolves with { file, isNew, manager }. Throws a ToolError that says what to do:
 * `name` is what the program is called, `otherwise` what one can do instead.
 */
export async function ensureProgram({ name, programs, furtherFolders = [], packages, otherwise }) {
  const find = () => findProgram(programs, furtherFolders);
  const there = find();
  if (there !== undefined) return { file: there, isNew: false };
  const manager = managers.find(({ program }) => packages[program] && findProgram([program]) !== undefined);
  if (manager === undefined)
    throw new ToolError(`${name} is not here: no ${programs.join(" and no ")} on PATH. ${otherwise}`);
  const { program, prepare, install, env = {}, isForUsers = false } = manager;
  const candidates = packages[program];
  const byHand = `${isForUsers ? "" : "sudo "}${program} ${install.join(" ")} ${candidates[0]}`;
  const advice = `Install it by hand (${byHand}). ${otherwise}`;
  if (!isForUsers && !(await mayBeRoot()))
    throw new ToolError(`${name} is missing, and installing it needs root. ${advice}`);

  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const prefix = [...(isForUsers ? [] : asRoot()), "env", ...variables, program];
  const execute = (args) => runOrFail(prefix[0], [...prefix.slice(1), ...args], { advice });
  if (prepare !== undefined) await execute(prepare);
  for (const [index, candidate] of candidates.entries()) {
    const isLast = index === candidates.length - 1;
    const attempt = execute([...install, candidate]);
    await (isLast ? attempt : attempt.catch(() => {}));
    const file = find();
    if (file !== undefined) return { file, isNew: true, manager: program };
  }
  throw new ToolError(
    `${program} installed ${name}, but there is still no ${programs.join(" and no ")} on PATH. ${advice}`,
  );
}

/** Keeps a service that apt has enabled from running and from starting with the machine. */
export async function removeService(service) {
  const isLive = existsSync("/run/systemd/system");
  const command = findProgram(["systemctl"])
    ? ["systemctl", "disable", ...(isLive ? ["--now"] : []), service]
    : ["update-rc.d", service, "disable"];
  const [program, ...args] = [...asRoot(), ...command];
  await run(program, args);
}

async function mayBeRoot() {
  return isRoot() || (await run("sudo", ["-n", "true"])).code === 0;
}

const isRoot = () => process.getuid?.() === 0;
const asRoot = () => (isRoot() ? [] : ["sudo", "-n"]);
