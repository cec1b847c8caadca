import type { Finding } from "@muster/sdk";
import type { Colour } from "./table.ts";

/** How grave something is, for people. A severity that a newer orchestrator knows counts as a note. */
export const findingMarks: Readonly<
  Record<Finding["severity"], { readonly mark: string; readonly colour: Colour }>
> = {
  problem: { mark: "✗", colour: "red" },
  warning: { mark: "!", colour: "yellow" },
  note: { mark: "•", colour: "dim" },
};
