import { useEffect, useState } from "react";
import type { Layout } from "./worker-list.ts";

const narrow = matchMedia("(max-width: 1000px)");

/** What heights of rows depend on. */
export function useLayout(): Layout {
  const [layout, setLayout] = useState(measured);
  useEffect(() => {
    const look = () =>
      setLayout((before) => {
        const next = measured();
        return before.isNarrow === next.isNarrow && before.remPx === next.remPx ? before : next;
      });
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, []);
  return layout;
}

function measured(): Layout {
  const { fontSize } = getComputedStyle(document.documentElement);
  return { isNarrow: narrow.matches, remPx: Number.parseFloat(fontSize) };
}
