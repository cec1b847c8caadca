/** Something is on its way, and nobody knows for how long. */
export function Spinner({ label }: { readonly label?: string }) {
  return label === undefined ? (
    <span className="spinner" aria-hidden="true" />
  ) : (
    <span className="row soft small" role="status">
      <span className="spinner" aria-hidden="true" />
      {label}
    </span>
  );
}

/** Stands where lines of text will be. */
export function Skeleton({
  lines = 3,
  label = "Loading",
}: {
  readonly lines?: number;
  readonly label?: string;
}) {
  const widths = ["92%", "78%", "85%", "60%", "70%"];
  return (
    <div className="stack" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, line) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are all alike and keep their places.
          key={line}
          className="skeleton"
          style={{ width: widths[line % widths.length] }}
        />
      ))}
    </div>
  );
}
