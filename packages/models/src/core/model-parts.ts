/** A model that was cut into too many files is a mistake or an attack. */
const maxParts = 512;

/**
 * All the files of a model that is cut into parts, in order; just `file` where its name has no part number.
 * @param file a path or name; only its ending is looked at
 */
export function modelParts(file: string): readonly string[] {
  const found = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i.exec(file);
  if (found === null) return [file];
  const [, stem = "", index = "", count = "", extension = ""] = found;
  const total = Number(count);
  if (total < 1 || total > maxParts || Number(index) < 1 || Number(index) > total) return [file];
  return Array.from(
    { length: total },
    (_, at) => `${stem}-${String(at + 1).padStart(5, "0")}-of-${count}${extension}`,
  );
}
