/** The 4 or 16 bytes of an address in its text form; undefined: it is none. A zone (`%eth0`) and brackets are left out. */
export function ipBytes(text: string): readonly number[] | undefined {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  return bare.includes(":") ? v6Bytes(bare) : v4Bytes(bare);
}

function v4Bytes(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  // A leading zero is octal to some programs and decimal to others: no address here.
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function v6Bytes(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map((half, at) => groupBytes(half, at === halves.length - 1));
  if (before === undefined) return undefined;
  if (halves.length === 1) return before.length === 16 ? before : undefined;
  if (after === undefined || before.length + after.length > 14) return undefined;
  const zeros = Array.from({ length: 16 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

/** @param isLast only there IPv4 may stand for the last two groups */
function groupBytes(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [at, group] of groups.entries()) {
    const isTail = isLast && at === groups.length - 1 && group.includes(".");
    const more = isTail ? v4Bytes(group) : hexBytes(group);
    if (more === undefined) return undefined;
    bytes.push(...more);
  }
  return bytes;
}

function hexBytes(group: string): readonly number[] | undefined {
  if (!/^[\da-f]{1,4}$/i.test(group)) return undefined;
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 255];
}
