import { useEffect, useRef } from "react";
import { placeNear } from "./place.ts";

const delayMs = 250;

/** One bubble for the page: shows `data-tip` of what is pointed at or focused. */
export function Tips() {
  const bubble = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let owner: Element | null = null;

    const hide = () => {
      clearTimeout(timer);
      owner = null;
      const element = bubble.current;
      if (element?.matches(":popover-open") === true) element.hidePopover();
    };
    const show = () => {
      const text = owner?.getAttribute("data-tip");
      const element = bubble.current;
      if (owner?.isConnected !== true || element === null || text === null || text === undefined) return;
      element.textContent = text;
      if (!element.matches(":popover-open")) element.showPopover();
      placeNear(element, owner.getBoundingClientRect(), { isCentred: true, prefersAbove: true });
    };
    const aim = (target: EventTarget | null, afterMs: number) => {
      const next = target instanceof Element ? target.closest("[data-tip]") : null;
      if (next === owner) return;
      hide();
      owner = next;
      if (next !== null) timer = setTimeout(show, afterMs);
    };
    const onOver = (event: PointerEvent) => aim(event.target, event.pointerType === "touch" ? 0 : delayMs);
    const onFocus = (event: FocusEvent) => {
      const isByKeyboard = event.target instanceof Element && event.target.matches(":focus-visible");
      aim(isByKeyboard ? event.target : null, 0);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };

    document.addEventListener("pointerover", onOver);
    document.addEventListener("focusin", onFocus);
    document.addEventListener("focusout", hide);
    document.addEventListener("pointerdown", hide);
    document.addEventListener("keydown", onKey);
    document.addEventListener("scroll", hide, { capture: true, passive: true });
    return () => {
      hide();
      document.removeEventListener("pointerover", onOver);
      document.removeEventListener("focusin", onFocus);
      document.removeEventListener("focusout", hide);
      document.removeEventListener("pointerdown", hide);
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("scroll", hide, { capture: true });
    };
  }, []);

  return <div ref={bubble} className="tip" popover="manual" role="tooltip" />;
}
