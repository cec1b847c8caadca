/** The text format of Prometheus, version 0.0.4. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8";

/** What the head of a metric says of it. */
export interface Headed {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

export function headOf({ name, type, help }: Headed): string {
  return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** `model="m",class="batch"`; empty where there are no labels. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  let text = "";
  for (let at = 0; at < names.length; at++)
    text += `${at === 0 ? "" : ","}${names[at]}="${escapedLabel(values[at] ?? "")}"`;
  return text;
}

export function sampleLine(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`;
}

export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

const special = /[\\"\n]/;

function escapedLabel(value: string): string {
  if (!special.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapedHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
