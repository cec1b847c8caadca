/**
 * Memory of a process that no file stands for, from Linux's /proc/<pid>/status: a model that was mapped is in the page
 * cache, which counts as available. Undefined for anything else.
 */
export function parseOwnBytes(text: string): number | undefined {
  const read = (name: string) => new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  const [anonymous, shared] = [read("RssAnon"), read("RssShmem")];
  return anonymous === undefined ? undefined : (Number(anonymous) + Number(shared ?? 0)) * 1024;
}

/** Reads /proc/<pid>/task/<pid>/children. */
export function parseChildren(text: string): number[] {
  return text
    .trim()
    .split(/\s+/)
    .flatMap((word) => (/^\d+$/.test(word) ? Number(word) : []));
}
