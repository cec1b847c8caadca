/** The command that a sentence tells to type: what follows `muster` or `npm` up to the end of the line. */
export function commandIn(fix: string): string | undefined {
  const quoted = /`([^`]+)`/.exec(fix)?.[1];
  if (quoted !== undefined) return quoted;
  const command = /(?:^|[:\s])((?:npx )?muster [a-z][^\n]*)$/.exec(fix)?.[1];
  return command?.replace(/[.;]$/, "").trim();
}
