import { type ComponentType, lazy } from "react";
import type { IconName } from "../parts/icon.tsx";

/** A page of the dashboard: `#/workers`. */
export interface ViewEntry {
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  /** What a key must be for to see it. */
  readonly scope: "read" | "inference" | "batch" | "admin";
  /** Fetched when it is first shown. */
  readonly component: ComponentType;
}

/** In the order of the navigation. */
export const views: readonly ViewEntry[] = [
  {
    id: "now",
    title: "Now",
    icon: "now",
    scope: "read",
    component: lazy(async () => ({ default: (await import("../views/now/now.tsx")).NowView })),
  },
  {
    id: "workers",
    title: "Workers",
    icon: "workers",
    scope: "read",
    component: lazy(async () => ({ default: (await import("../views/workers/workers.tsx")).WorkersView })),
  },
  {
    id: "models",
    title: "Models",
    icon: "models",
    scope: "read",
    component: lazy(async () => ({ default: (await import("../views/models/models.tsx")).ModelsView })),
  },
  {
    id: "batches",
    title: "Batches",
    icon: "batches",
    scope: "batch",
    component: lazy(async () => ({ default: (await import("../views/batches/batches.tsx")).BatchesView })),
  },
  {
    id: "playground",
    title: "Playground",
    icon: "playground",
    scope: "inference",
    component: lazy(async () => ({
      default: (await import("../views/playground/playground.tsx")).PlaygroundView,
    })),
  },
  {
    id: "usage",
    title: "Usage",
    icon: "usage",
    scope: "read",
    component: lazy(async () => ({ default: (await import("../views/usage/usage.tsx")).UsageView })),
  },
  {
    id: "keys",
    title: "Keys & invites",
    icon: "keys",
    scope: "admin",
    component: lazy(async () => ({ default: (await import("../views/keys/keys.tsx")).KeysView })),
  },
];
