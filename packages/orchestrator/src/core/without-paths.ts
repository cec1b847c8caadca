/** A path from a root, of two names or more: not the end of a URL, nor a route of the API. */
const unixPath = /(?<![\w:/.~%@-])\/(?!(?:v1|cluster)\/)(?:[^\s/:"'`<>|,;)]+\/)+([^\s/:"'`<>|,;)]*)/g;
const windowsPath = /(?<!\w)(?:[A-Za-z]:[\\/]|\\\\)(?:[^\s\\/:"'`<>|,;)]+[\\/])*([^\s\\/:"'`<>|,;)]*)/g;
const fileUrl = /file:\/\/\/?(?:[^\s/"'`<>)]+\/)*([^\s/"'`<>)]*)/g;
/** Colours of a terminal. */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*[A-Za-z]`, "g");
/** The first line of a stack, and what follows. */
const stack = /\n\s+at .*$/s;

/**
 * What a worker says of a failure, without where things lie on its disk and without its code's stack: it is told to
 * people who may use the machine, and not look around on it. Of a path the last name stays.
 */
export function withoutPaths(message: string): string {
  return message
    .slice(0, 16_384)
    .replace(colours, "")
    .replace(stack, "")
    .replace(fileUrl, "$1")
    .replace(windowsPath, "$1")
    .replace(unixPath, "$1");
}
