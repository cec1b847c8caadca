import { batches } from "./batches.ts";
import type { Board } from "./board.ts";
import { health } from "./health.ts";
import { overview } from "./overview.ts";
import { workers } from "./workers.ts";

export const dashboards: readonly Board[] = [overview, workers, batches, health];
