import type { Env } from "@muster/base";

/** The worker's own environment; the engine's child gets the part of it that `childEnvironment` lets through. */
export const hostEnvironment: Env = process.env;
