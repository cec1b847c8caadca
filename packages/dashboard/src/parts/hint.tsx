import type { ReactNode } from "react";

/** A word of ours, explained when it is pointed at, focused or touched. */
export function Hint({ tip, children }: { readonly tip: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation must be reachable with the keyboard.
    <span className="hint" tabIndex={0} data-tip={tip} aria-description={tip}>
      {children}
    </span>
  );
}
