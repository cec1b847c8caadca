import { useEffect, useRef } from "react";
import { useStore } from "../data/use-store.ts";
import { IconButton } from "./button.tsx";
import { Icon } from "./icon.tsx";
import { dismiss, type Toast, toasts } from "./toast.ts";

const all = (shown: readonly Toast[]) => shown;

/** Where short messages are shown; once in the page. */
export function Toasts() {
  const shown = useStore(toasts, all);
  const list = useRef<HTMLDivElement>(null);
  const newest = shown.at(-1)?.id;

  // Opened anew for each, so that they are above a dialog that was opened since.
  useEffect(() => {
    const element = list.current;
    if (element === null || newest === undefined) return;
    if (element.matches(":popover-open")) element.hidePopover();
    element.showPopover();
  }, [newest]);

  return (
    <div ref={list} className="toasts" popover="manual" role="status" aria-live="polite">
      {shown.map(({ id, kind, text }) => (
        <div key={id} className="toast">
          {kind === "problem" && <Icon name="warning" />}
          <p>{text}</p>
          <IconButton label="Dismiss" icon="close" isSmall onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
