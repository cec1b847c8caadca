import { useEffect } from "react";
import { createStore } from "./store.ts";
import { useStore } from "./use-store.ts";

export type Theme = "auto" | "light" | "dark";

const storageKey = "muster-theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = createStore(systemDark.matches);
systemDark.addEventListener("change", ({ matches }) => isSystemDark.set(matches));
const chosen = createStore<Theme>(remembered());
show(chosen.get());

/** What was chosen, and how to choose. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  return [useStore(chosen, same), choose];
}

/** What is shown: `auto` resolved. */
export function useResolvedTheme(): "light" | "dark" {
  const theme = useStore(chosen, same);
  const isDark = useStore(isSystemDark, same);
  const resolved = theme === "auto" ? (isDark ? "dark" : "light") : theme;
  useEffect(() => {
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", barColor[resolved]);
  }, [resolved]);
  return resolved;
}

/** Of the browser's own bar on phones: as the ground. */
const barColor = { light: "#f7f5f1", dark: "#0e1214" } as const;

function choose(theme: Theme): void {
  chosen.set(theme);
  show(theme);
  try {
    localStorage.setItem(storageKey, theme);
  } catch {
    // A browser that keeps nothing still shows it until the page is closed.
  }
}

function show(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function remembered(): Theme {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === "light" || stored === "dark" ? stored : "auto";
  } catch {
    return "auto";
  }
}

function same<Value>(value: Value): Value {
  return value;
}
