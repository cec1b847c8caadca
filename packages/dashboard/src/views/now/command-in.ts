/** The command that a sentence tells to type, without blanks to fill in: quoted, or at its end. */
export function commandIn(fix: string): string | undefined {
  const quoted = /["`]((?:npx )?muster [^"`]+)["`]/.exec(fix)?.[1];
  const atEnd = /[:\s]((?:npx )?muster [a-z][^\n"`]*)$/.exec(` ${fix}`)?.[1];
  const command = (quoted ?? atEnd)?.replace(/[.;]$/, "").trim();
  return command === undefined || / [A-Z]+$/.test(command) ? undefined : command;
}
