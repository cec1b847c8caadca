// Which licences a release may hold. Another one is a decision: add it here with a line in docs/decisions.
import parseExpression from "spdx-expression-parse";

/** They ask for no more than a notice. No GPL, LGPL, AGPL, SSPL or BUSL; no "see file". */
const allowed = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** Binaries for single platforms, most of them never installed here: they have the licence of the package that picks one. */
const sameAs = [
  { prefix: "@msgpackr-extract/msgpackr-extract-", as: "msgpackr-extract" },
  { prefix: "@reflink/reflink-", as: "@reflink/reflink" },
];

/** The licence of a package: what it states itself, else what `sameAs` says; undefined where nobody knows. */
export function licenceOf({ name, license }, others) {
  if (license !== undefined) return license;
  const rule = sameAs.find(({ prefix }) => name.startsWith(prefix));
  return [...others.values()].find((other) => other.name === rule?.as)?.license;
}

/** Why a licence expression may not be in a release; undefined where it may. */
export function objectionTo(license) {
  if (license === undefined) return "states no licence";
  try {
    return isAllowed(parseExpression(license)) ? undefined : `is under ${license}`;
  } catch {
    return `states "${license}", which is no SPDX expression`;
  }
}

/** Of alternatives one is enough; what is joined by AND must all be allowed. */
function isAllowed(expression) {
  if (expression.conjunction === "or") return isAllowed(expression.left) || isAllowed(expression.right);
  if (expression.conjunction === "and") return isAllowed(expression.left) && isAllowed(expression.right);
  return allowed.has(expression.license) && expression.plus !== true;
}
