/** What Prometheus would read of a scrape, by name. */
export interface Scraped {
  readonly families: ReadonlyMap<string, ScrapedFamily>;
  /** Of all series with these labels: `name{label="value"}`. Undefined where there is none. */
  sum(series: string): number | undefined;
}

export interface ScrapedFamily {
  readonly type: string;
  /** Undefined while it has no series. */
  readonly labels: readonly string[] | undefined;
  /** One of the usual ones of a Node process. */
  readonly isOfNode: boolean;
}

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const samplePattern = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const suffixes = /_(bucket|sum|count)$/;

/** Throws for a line that is none, and for two series with the same labels. */
export function parseMetrics(text: string): Scraped {
  const families = new Map<string, ScrapedFamily>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      families.set(name, { type, labels: undefined, isOfNode: /^muster_(process|nodejs)_/.test(name) });
    }
    if (line === "" || line.startsWith("#")) continue;
    const sample = sampleOf(line);
    const key = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(key)) throw new Error(`there are two of ${key}`);
    seen.add(key);
    samples.push(sample);
    const family = families.has(sample.name) ? sample.name : sample.name.replace(suffixes, "");
    const known = families.get(family);
    if (known === undefined) throw new Error(`${sample.name} has no head`);
    const labels = [...sample.labels.keys()].filter((label) => label !== "le");
    families.set(family, { ...known, labels });
  }
  return { families, sum: (series) => sumOf(samples, series) };
}

function sampleOf(line: string): Sample {
  const found = samplePattern.exec(line);
  if (found === null) throw new Error(`this is no sample: ${line}`);
  const [, name = "", labels = "", value = ""] = found;
  return { name, labels: labelsIn(labels), value: Number(value.replace("Inf", "Infinity")) };
}

function labelsIn(text: string): ReadonlyMap<string, string> {
  return new Map(Array.from(text.matchAll(labelPattern), ([, label = "", value = ""]) => [label, value]));
}

function sumOf(samples: readonly Sample[], series: string): number | undefined {
  const [, name, labels = ""] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
  const wanted = [...labelsIn(labels)];
  const matching = samples.filter(
    (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels.get(label) === value),
  );
  return matching.length === 0 ? undefined : matching.reduce((sum, { value }) => sum + value, 0);
}
