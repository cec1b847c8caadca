// A step of `npm test`: builds the dashboard anew, and sees to it that what a browser has to fetch stays small.
import { runTool, ToolError } from "./lib/command.mjs";
import { builtFiles, ensureSite } from "./lib/site.mjs";

/** Of everything, gzipped: a second on a slow office line. */
const mostBytes = 250 * 1024;

await runTool(async () => {
  await ensureSite({ always: true });
  const files = builtFiles().sort((a, b) => b.gzipBytes - a.gzipBytes);
  const bytes = files.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0);
  const inKb = (count) => `${(count / 1024).toFixed(1)} KB`;
  const list = files.slice(0, 10).map(({ name, gzipBytes }) => `    ${inKb(gzipBytes).padStart(9)}  ${name}`);
  if (!files.some(({ name }) => name.endsWith(".js")))
    throw new ToolError("The dashboard's build holds no script.");
  if (bytes > mostBytes)
    throw new ToolError(
      `The dashboard takes ${inKb(bytes)} gzipped, ${inKb(bytes - mostBytes)} more than it may:\n${list.join("\n")}\nLeave something out, or say in docs/decisions why it may take more.`,
    );
  console.log(`note: ${inKb(bytes)} of ${inKb(mostBytes)}, gzipped, in ${files.length} files`);
});
