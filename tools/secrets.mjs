// No secret in a tracked file: what secretlint knows, our own keys and invitations, and private keys.
// `node tools/secrets.mjs [file...]` looks into these files instead, tracked or not.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { lintSource } from "@secretlint/core";
import { rules } from "@secretlint/secretlint-rule-preset-recommend";
import { root, runOrFail, runTool, ToolError } from "./lib/command.mjs";

const allowedFile = "tools/allowed-secrets.json";
const ownPatterns = [
  { id: "OWN_KEY", says: "found an API key of Muster", pattern: /\bmst_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}\b/g },
  {
    id: "OWN_INVITATION",
    says: "found an invitation of a worker",
    pattern: /\bmuster:\/\/[^\s#"'`<>]+#[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{40,}/g,
  },
  // Encrypted ones too, and those that the recommended rules take for too short to be real.
  {
    id: "PEM",
    says: "found a private key",
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n)+[0-9A-Za-z+/=]{40}/g,
  },
];

/** A rule in secretlint's terms. */
const ours = {
  messages: Object.fromEntries(ownPatterns.map(({ id, says }) => [id, { en: () => says }])),
  meta: { id: "muster", type: "scanner", recommended: true, supportedContentTypes: ["text"] },
  create(context) {
    const say = context.createTranslator(ours.messages);
    return {
      file({ content }) {
        for (const { id, pattern } of ownPatterns)
          for (const { 0: match, index } of content.matchAll(pattern))
            context.report({ message: say(id), range: [index, index + match.length] });
      },
    };
  },
};

// A comment in a file hides nothing: what is allowed is in one list, with a reason.
const theirs = rules.filter(({ meta }) => meta.id !== "@secretlint/secretlint-rule-filter-comments");
const config = { rules: [...theirs, ours].map((rule) => ({ id: rule.meta.id, rule })) };

/** What was found in a file: where, what, and the text's hash, by which it can be allowed. Never the text itself. */
async function findingsIn(file) {
  const path = join(root, file);
  if (!existsSync(path) || !statSync(path).isFile()) return [];
  const bytes = readFileSync(path);
  if (bytes.includes(0)) return [];
  const content = bytes.toString("utf8");
  const source = { filePath: path, content, contentType: "text", ext: "" };
  const { messages } = await lintSource({ source, options: { config, locale: "en", maskSecrets: true } });
  return messages.map(({ range: [start, end], loc, message }) => ({
    file,
    line: loc.start.line,
    // What the rule has masked is as long as the secret.
    message: message.replace(/\*{4,}/g, "***"),
    sha256: createHash("sha256").update(content.slice(start, end)).digest("hex"),
  }));
}

async function trackedFiles() {
  const output = await runOrFail("git", ["ls-files", "-z"], { advice: "Run it in a checkout made by git." });
  return output.split("\0").filter((file) => file !== "");
}

await runTool(async () => {
  const named = process.argv.slice(2).map((file) => relative(root, resolve(file)));
  const files = named.length > 0 ? named : await trackedFiles();
  const allowed = JSON.parse(readFileSync(join(root, allowedFile), "utf8"));
  const findings = [];
  for (const file of files) findings.push(...(await findingsIn(file)));

  const isSame = (entry, found) => entry.sha256 === found.sha256;
  const problems = findings
    .filter((found) => !allowed.some((entry) => isSame(entry, found)))
    .map(({ file, line, message, sha256 }) => `${file}:${line} ${message} (sha256 ${sha256})`);
  const stale = allowed
    .filter((entry) => named.length === 0 && !findings.some((found) => isSame(entry, found)))
    .map(
      ({ file, sha256 }) => `${allowedFile} allows ${sha256} in ${file}, where it is no longer: remove it`,
    );
  if (problems.length + stale.length > 0)
    throw new ToolError(
      `${[...problems, ...stale].join("\n")}\nA real secret: revoke it, then remove it. Made up for a test: make it at run time, or add its hash and a reason to ${allowedFile}.`,
    );
  console.log(`✓ no secret in ${files.length} files (${allowed.length} made-up ones allowed)`);
});
// secretlint goes on measuring itself for seconds after the last file.
process.exit();
