/** A page of the dashboard: `#/workers`. */
export interface ViewEntry {
  readonly id: string;
  readonly title: string;
  /** What a key must be for to see it. */
  readonly scope: "read" | "inference" | "batch" | "admin";
}

/** In the order of the navigation. */
export const views: readonly ViewEntry[] = [
  { id: "now", title: "Now", scope: "read" },
  { id: "workers", title: "Workers", scope: "read" },
  { id: "models", title: "Models", scope: "read" },
  { id: "batches", title: "Batches", scope: "batch" },
  { id: "playground", title: "Playground", scope: "inference" },
  { id: "usage", title: "Usage", scope: "read" },
  { id: "keys", title: "Keys & invites", scope: "admin" },
];
