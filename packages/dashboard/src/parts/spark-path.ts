const width = 100;
const height = 28;

/** Paths in a box of 100 by 28, from zero at the bottom to the highest value at the top; gaps stay gaps. */
export function sparkPaths(values: readonly (number | null)[]): {
  readonly line: string;
  readonly area: string;
} {
  const top = Math.max(Number.MIN_VALUE, ...values.map((value) => value ?? 0));
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const runs: string[][] = [];
  let run: string[] | undefined;
  let start = 0;
  const areas: string[] = [];
  const close = (last: number) => {
    if (run === undefined) return;
    areas.push(`M${round(start * step)} ${height}L${run.join("L")}L${round(last * step)} ${height}Z`);
    run = undefined;
  };
  values.forEach((value, index) => {
    if (value === null) {
      close(index - 1);
      return;
    }
    if (run === undefined) {
      run = [];
      start = index;
      runs.push(run);
    }
    run.push(`${round(index * step)} ${round(height - 1 - (value / top) * (height - 2))}`);
  });
  close(values.length - 1);
  return { line: runs.map((points) => `M${points.join("L")}`).join(""), area: areas.join("") };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
