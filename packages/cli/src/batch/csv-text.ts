/** What may stand between the fields of a table, the likeliest first. */
const delimiters = [",", ";", "\t"] as const;

export type Delimiter = (typeof delimiters)[number];

/** The delimiter that the head of a table has most of, outside of quotes. `text` begins with the head. */
export function delimiterOf(text: string): Delimiter {
  const counts = new Map<string, number>();
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === "\n" || char === "\r") break;
    else counts.set(char, (counts.get(char) ?? 0) + 1);
  }
  const count = (delimiter: Delimiter) => counts.get(delimiter) ?? 0;
  return delimiters.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

/** One row with its line end (RFC 4180): fields are quoted where they must be. */
export function csvRow(fields: readonly string[], delimiter: Delimiter): string {
  return `${fields.map((field) => quoted(field, delimiter)).join(delimiter)}\r\n`;
}

function quoted(field: string, delimiter: Delimiter): string {
  const isPlain = !/["\r\n]/.test(field) && !field.includes(delimiter) && field.trim() === field;
  return isPlain ? field : `"${field.replaceAll('"', '""')}"`;
}
