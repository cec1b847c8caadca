import { sparkPaths } from "./spark-path.ts";

export interface SparklineProps {
  readonly values: readonly (number | null)[];
  /** Says what it is; without it screen readers pass over it. */
  readonly label?: string;
}

/** How a figure has gone, without an axis. */
export function Sparkline({ values, label }: SparklineProps) {
  const { line, area } = sparkPaths(values);
  const paths = (
    <>
      <path className="spark-area" d={area} />
      <path d={line} />
    </>
  );
  const box = { className: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none" } as const;
  return label === undefined ? (
    <svg {...box} aria-hidden="true">
      {paths}
    </svg>
  ) : (
    <svg {...box} role="img" aria-label={label}>
      {paths}
    </svg>
  );
}
