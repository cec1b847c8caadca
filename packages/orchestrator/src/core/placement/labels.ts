type Labels = Readonly<Record<string, string>>;

export function hasLabels(labels: Labels, wanted: Labels): boolean {
  for (const name in wanted) if (labels[name] !== wanted[name]) return false;
  return true;
}

/** The first that is missing, as people write it. */
export function missingLabel(labels: Labels, wanted: Labels): string | undefined {
  const name = Object.keys(wanted)
    .sort()
    .find((key) => labels[key] !== wanted[key]);
  return name === undefined ? undefined : `${name}=${wanted[name]}`;
}
