const marginPx = 8;

export interface Placing {
  /** Else their right edges meet. */
  readonly isCentred?: boolean;
  readonly prefersAbove?: boolean;
}

/** Puts something fixed beside what it belongs to, wholly inside the window. */
export function placeNear(element: HTMLElement, owner: DOMRect, placing: Placing = {}): void {
  const { isCentred = false, prefersAbove = false } = placing;
  const { offsetWidth: width, offsetHeight: height } = element;
  const wished = isCentred ? owner.left + owner.width / 2 - width / 2 : owner.right - width;
  const left = Math.max(marginPx, Math.min(wished, window.innerWidth - width - marginPx));
  const above = owner.top - height - 6;
  const below = owner.bottom + 6;
  const hasRoomAbove = above >= marginPx;
  const hasRoomBelow = below + height <= window.innerHeight - marginPx;
  const isAbove = prefersAbove ? hasRoomAbove : !hasRoomBelow && hasRoomAbove;
  element.style.left = `${left}px`;
  element.style.top = `${isAbove ? above : below}px`;
}
