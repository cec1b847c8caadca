export type { Gpu, Hardware } from "@muster/base";
