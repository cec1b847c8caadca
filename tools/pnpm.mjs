// `npm run pnpm -- add -w -D name@1.2.3`: the pnpm that package.json names, where no other is installed.
import { run, runTool } from "./lib/command.mjs";
import { ensurePnpm, pnpmEnv } from "./lib/packages.mjs";

await runTool(async () => {
  const { program, args } = await ensurePnpm();
  const { code } = await run(program, [...args, ...process.argv.slice(2)], {
    cwd: process.cwd(),
    env: pnpmEnv,
    show: true,
  });
  process.exitCode = code;
});
