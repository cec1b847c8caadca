import { useEffect, useState } from "react";
import { copyText } from "./copy-text.ts";
import { Icon } from "./icon.tsx";

const shownMs = 1_800;

export interface CopyButtonProps {
  readonly text: string;
  readonly label?: string;
}

/** Copies a text, and says so. */
export function CopyButton({ text, label = "Copy" }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<"idle" | "done" | "failed">("idle");

  useEffect(() => {
    if (outcome === "idle") return undefined;
    const timer = setTimeout(() => setOutcome("idle"), shownMs);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = async () => setOutcome((await copyText(text)) ? "done" : "failed");
  const words = { idle: label, done: "Copied", failed: "Select it and copy" }[outcome];

  return (
    <button type="button" className="button button-quiet button-small" onClick={() => void copy()}>
      <Icon name={outcome === "done" ? "check" : "copy"} />
      <span aria-live="polite">{words}</span>
    </button>
  );
}
