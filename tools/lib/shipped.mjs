// What a release consists of, as pnpm-lock.yaml says: our packages, and what they need when they run.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root, ToolError } from "./command.mjs";

/**
 * { ours, others }: maps from `name@version` to { name, version, license, needs, integrity, isOptional }. `needs` are keys
 * of either map. It is the same on every platform: packages for other platforms are in it too.
 */
export function readShipped() {
  const lockfile = parse(readFileSync(join(root, "pnpm-lock.yaml"), "utf8"));
  const ours = new Map();
  const keyOfFolder = new Map();
  const folders = Object.keys(lockfile.importers).filter((folder) => folder.startsWith("packages/"));
  for (const folder of folders) {
    const { name, version, license, bundles = [] } = readManifest(join(root, folder));
    keyOfFolder.set(folder, `${name}@${version}`);
    const node = { folder, name, version, license, bundles, needs: new Set(), isOptional: false };
    ours.set(`${name}@${version}`, node);
  }
  const others = new Map();
  const licenses = installedLicenses();
  /** Snapshots that were followed, and whether something required led there. */
  const followed = new Map();

  /** Takes in what `node` needs: `dependencies` from name to version as the lockfile writes it. */
  const follow = (node, dependencies, { leavesOut = () => false, isOptional }) => {
    for (const [alias, version] of Object.entries(dependencies ?? {})) {
      if (leavesOut(alias)) continue;
      const snapshot = snapshotOf(alias, version);
      const known = takeIn(snapshot, isOptional);
      node.needs.add(known);
    }
  };
  const takeIn = (snapshot, isOptional) => {
    const key = withoutPeers(snapshot);
    const entry = lockfile.packages[key];
    const edges = lockfile.snapshots[snapshot];
    if (entry === undefined || edges === undefined)
      throw new ToolError(
        `pnpm-lock.yaml needs ${snapshot} and does not say what it is. Run npm run pnpm -- install.`,
      );
    const [name, version] = splitKey(key);
    const node = others.get(key) ?? {
      name,
      version,
      integrity: entry.resolution.integrity,
      needs: new Set(),
      isOptional,
    };
    node.license = licenses.get(key);
    node.isOptional &&= isOptional;
    others.set(key, node);
    if (followed.has(snapshot) && (isOptional || followed.get(snapshot))) return key;
    followed.set(snapshot, !isOptional);
    // An optional peer is there only where something else asks for it.
    const leavesOut = (alias) => entry.peerDependenciesMeta?.[alias]?.optional === true;
    follow(node, edges.dependencies, { leavesOut, isOptional });
    follow(node, edges.optionalDependencies, { leavesOut, isOptional: true });
    return key;
  };

  for (const folder of folders) {
    const node = ours.get(keyOfFolder.get(folder));
    const { dependencies = {}, optionalDependencies = {}, devDependencies = {} } = lockfile.importers[folder];
    // What a build puts into our own files comes along, though nobody installs it: `bundles` in package.json.
    const bundled = Object.entries(devDependencies).filter(([alias]) => node.bundles.includes(alias));
    for (const [group, isOptional] of [
      [dependencies, false],
      [Object.fromEntries(bundled), false],
      [optionalDependencies, true],
    ])
      for (const [alias, { version }] of Object.entries(group)) {
        if (version.startsWith("link:")) node.needs.add(keyOfFolder.get(join(folder, version.slice(5))));
        else follow(node, { [alias]: version }, { isOptional });
      }
  }
  return { ours, others };
}

function snapshotOf(alias, version) {
  // An alias for another package is written as `name@version`.
  return withoutPeers(version).includes("@") ? version : `${alias}@${version}`;
}

function withoutPeers(key) {
  return key.replace(/\(.*$/, "");
}

function splitKey(key) {
  const at = key.lastIndexOf("@");
  return [key.slice(0, at), key.slice(at + 1)];
}

/** The licence that each installed package states, by `name@version`. */
function installedLicenses() {
  const store = join(root, "node_modules/.pnpm");
  const licenses = new Map();
  for (const folder of existsSync(store) ? readdirSync(store) : []) {
    const [, scoped = "", plain = ""] = /^(?:(@[^+]+\+[^@]+)|([^@]+))@/.exec(folder) ?? [];
    const path = join(store, folder, "node_modules", scoped === "" ? plain : scoped.replace("+", "/"));
    if (!existsSync(join(path, "package.json"))) continue;
    const { name, version, license } = readManifest(path);
    licenses.set(`${name}@${version}`, typeof license === "string" ? license : license?.type);
  }
  return licenses;
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
