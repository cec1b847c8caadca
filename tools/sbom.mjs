// `npm run sbom [-- file]`: writes what a release consists of as CycloneDX 1.6, by default to dist/muster.cdx.json.
// The same lockfile gives the same bytes; SOURCE_DATE_EPOCH adds a time. A licence that is not allowed ends it.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Contrib, Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import parseExpression from "spdx-expression-parse";
import { root, runTool, ToolError } from "./lib/command.mjs";
import { licenceOf, objectionTo } from "./lib/licences.mjs";
import { readShipped } from "./lib/shipped.mjs";

const licenses = new Contrib.License.Factories.LicenseFactory(parseExpression);
const modelFolder = "packages/models/built-in";

function componentOf({ name, version, license, integrity, isOptional }, type) {
  const [group, plain] = name.startsWith("@") ? name.split("/") : [undefined, name];
  const purl = new PackageURL("npm", group, plain, version, undefined, undefined).toString();
  const component = new Models.Component(type, plain, {
    group,
    version,
    purl,
    bomRef: purl,
    scope: isOptional ? Enums.ComponentScope.Optional : Enums.ComponentScope.Required,
  });
  component.licenses.add(licenses.makeFromString(license));
  if (integrity !== undefined) component.hashes.set(Enums.HashAlgorithm["SHA-512"], hexOf(integrity, name));
  return component;
}

/** npm writes hashes as "sha512-<base64>". */
function hexOf(integrity, name) {
  const [, base64] = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(integrity) ?? [];
  if (base64 === undefined) throw new ToolError(`pnpm-lock.yaml has no sha512 for ${name}: ${integrity}.`);
  return Buffer.from(base64, "base64").toString("hex");
}

/** The model files that are part of packages/models. */
function modelComponents({ version, license }) {
  const files = readdirSync(join(root, modelFolder)).filter((file) => file.endsWith(".gguf"));
  return files.sort().map((file) => {
    const sha256 = createHash("sha256")
      .update(readFileSync(join(root, modelFolder, file)))
      .digest("hex");
    const model = new Models.Component(
      Enums.ComponentType.MachineLearningModel,
      file.replace(/\.gguf$/, ""),
      {
        bomRef: `model:${file}`,
        version,
        description: `${modelFolder}/${file}`,
        scope: Enums.ComponentScope.Required,
      },
    );
    model.licenses.add(licenses.makeFromString(license));
    model.hashes.set(Enums.HashAlgorithm["SHA-256"], sha256);
    return model;
  });
}

function createBom() {
  const { ours, others } = readShipped();
  const objections = [];
  const components = new Map();
  for (const [key, node] of ours) components.set(key, componentOf(node, Enums.ComponentType.Library));
  for (const [key, node] of others) {
    const license = licenceOf(node, others);
    const objection = objectionTo(license);
    if (objection === undefined)
      components.set(key, componentOf({ ...node, license }, Enums.ComponentType.Library));
    else objections.push(`${key} ${objection}`);
  }
  if (objections.length > 0)
    throw new ToolError(
      `A release may not hold these:\n    ${objections.join("\n    ")}\nTake another package; tools/lib/licences.mjs says which licences may be in it.`,
    );
  for (const [key, { needs }] of [...ours, ...others])
    for (const need of needs) components.get(key).dependencies.add(components.get(need).bomRef);

  const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const muster = new Models.Component(Enums.ComponentType.Application, "muster", {
    bomRef: "muster",
    version,
  });
  muster.licenses.add(licenses.makeFromString(license));
  const keysOfOurs = [...ours.keys()];
  for (const key of keysOfOurs) muster.dependencies.add(components.get(key).bomRef);
  const models = modelComponents({ version, license });
  const owner = components.get(keysOfOurs.find((key) => ours.get(key).folder === "packages/models"));
  for (const model of models) owner.dependencies.add(model.bomRef);

  const epoch = process.env.SOURCE_DATE_EPOCH;
  return new Models.Bom({
    metadata: new Models.Metadata({
      component: muster,
      timestamp: epoch === undefined ? undefined : new Date(Number(epoch) * 1000),
    }),
    components: new Models.ComponentRepository([...components.values(), ...models]),
  });
}

await runTool(() => {
  const bom = createBom();
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const text = new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 2 });
  const file = resolve(process.argv[2] ?? join(root, "dist/muster.cdx.json"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
  console.log(`✓ ${bom.components.size} components of a release in ${file}`);
});
