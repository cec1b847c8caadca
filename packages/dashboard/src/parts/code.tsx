import { classes } from "./classes.ts";
import { CopyButton } from "./copy-button.tsx";

export interface CodeProps {
  readonly text: string;
  /** Long lines are broken, not scrolled. */
  readonly isWrapped?: boolean;
  /** What is copied is not always what is shown. */
  readonly copies?: string;
}

/** Text for a terminal or a program, with a button that copies it. */
export function Code({ text, isWrapped = false, copies = text }: CodeProps) {
  return (
    <div className="code-block">
      {/* What scrolls must be reachable with the keyboard. */}
      <pre className={classes(isWrapped && "wraps")} tabIndex={isWrapped ? undefined : 0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={copies} />
    </div>
  );
}
