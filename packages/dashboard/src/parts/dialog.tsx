import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./button.tsx";
import { classes } from "./classes.ts";

export interface DialogProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  /** A drawer comes from the right and is as tall as the page. */
  readonly kind?: "dialog" | "wide" | "drawer";
  /** A press beside it, or on Escape, does not close it: what it shows is never shown again. */
  readonly isHeld?: boolean;
}

/** Open while it is rendered. The native element keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, footer, kind = "dialog", isHeld = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();

  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    // The heading, so that a reader begins there; or what the dialog says is most likely wanted.
    (dialog?.querySelector<HTMLElement>("[data-first]") ?? dialog?.querySelector("h2"))?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by itself; a press beside it is an extra.
    <dialog
      ref={element}
      className={classes("dialog", kind === "wide" && "dialog-wide", kind === "drawer" && "drawer")}
      aria-labelledby={id}
      onCancel={(event) => {
        // React lets this event rise from a dialog inside, which the browser does not.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        if (!isHeld) onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current && !isHeld) onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={id} tabIndex={-1}>
          {title}
        </h2>
        <IconButton label="Close" icon="close" isSmall onClick={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
      {footer !== undefined && <div className="dialog-foot">{footer}</div>}
    </dialog>
  );
}
