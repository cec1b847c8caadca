import type { TableStyle } from "../table.ts";
import { batchLines } from "./batch-list.ts";
import { findingLines } from "./finding-list.ts";
import { type HeaderFacts, headerLines } from "./header.ts";
import { helpLines } from "./help.ts";
import { cut, joined, type Line, painted } from "./line.ts";
import { modelLines } from "./model-list.ts";
import type { Picture } from "./picture.ts";
import { type Part, shareRows } from "./share-rows.ts";
import type { TopState } from "./top-state.ts";
import { workerLines } from "./worker-list.ts";

export interface ScreenSize {
  readonly columns: number;
  /** Undefined: as many as there is something to say. */
  readonly rows: number | undefined;
}

export interface TopScene {
  readonly state: TopState;
  readonly picture: Picture;
  readonly size: ScreenSize;
  readonly style: TableStyle;
  readonly facts: Omit<HeaderFacts, "isPaused">;
}

/** A list. Its head, where it has one, stays while the rows go by. */
interface Section extends Part {
  readonly lines: readonly Line[];
  readonly hasHead: boolean;
  readonly isScrolled: boolean;
}

export interface TopFrame {
  /** None wider than the screen is, and no more than it has rows. */
  readonly lines: readonly string[];
  /** How far its list can be scrolled. */
  readonly mostSkipped: number;
}

/** The screen for this state, this picture and this size. */
export function renderTop(scene: TopScene): TopFrame {
  const { state, picture, size, style, facts } = scene;
  const { columns, rows = Number.POSITIVE_INFINITY } = size;
  const head = headerLines(state, { ...facts, isPaused: picture.isPaused }, columns);
  const foot = size.rows === undefined ? [] : [footerLine(scene)];
  const room = Math.max(0, rows - head.length - foot.length);
  const { lines: body, mostSkipped } = picture.isHelp
    ? { lines: helpLines().slice(0, room), mostSkipped: 0 }
    : bodyOf(scene, room);
  const space = size.rows === undefined ? [] : Array.from({ length: room - body.length }, (): Line => []);
  const lines = [...head, ...body, ...space, ...foot].map((line) => painted(cut(line, columns), style));
  // Where there is hardly any room, the head goes before the line that says how to leave.
  const fitting =
    lines.length <= rows ? lines : [...lines.slice(0, rows - 1), ...lines.slice(-1)].slice(-rows);
  return { lines: fitting, mostSkipped };
}

function bodyOf(
  scene: TopScene,
  room: number,
): { readonly lines: readonly Line[]; readonly mostSkipped: number } {
  if (scene.state.now === undefined) return { lines: [], mostSkipped: 0 };
  const sections = sectionsOf(scene).filter(({ lines }) => lines.length > 0);
  const shares = shareRows(sections, room);
  const wanted = sections.reduce((sum, { lines }) => sum + lines.length, sections.length);
  // Lists stand apart only where nothing is left out for it.
  const apart: readonly Line[] = wanted <= room ? [[]] : [];
  const lines: Line[] = [];
  let mostSkipped = 0;
  for (const [at, section] of sections.entries()) {
    const seen = windowOf(section, shares[at] ?? 0, scene.picture.skipped);
    lines.push(...apart, ...seen.lines);
    mostSkipped = Math.max(mostSkipped, seen.mostSkipped);
  }
  return { lines, mostSkipped };
}

/** In the order of the screen. */
function sectionsOf({ state, picture, size: { columns } }: TopScene): Section[] {
  const { now, workers, batches, findings } = state;
  const of = (lines: Line[], part: Omit<Part, "wanted"> & Partial<Section>): Section => ({
    ...{ lines, wanted: lines.length, hasHead: true, isScrolled: false },
    ...part,
  });
  const models = () => modelLines(now, workers.values(), columns);
  const machines = () => workerLines(workers.values(), picture.order, columns);
  const jobs = () => batchLines(batches.values(), now?.at ?? 0, columns);
  const trouble = of(findingLines(findings, columns), { least: 2, fair: 6, rank: 1, hasHead: false });
  switch (picture.view) {
    case "all":
      return [
        of(models(), { least: 3, fair: 7, rank: 2 }),
        of(machines(), { least: 4, fair: 12, rank: 0, isScrolled: true }),
        of(jobs(), { least: 2, fair: 5, rank: 3 }),
        trouble,
      ];
    case "workers":
      return [of(machines(), { least: 2, fair: Number.POSITIVE_INFINITY, rank: 0, isScrolled: true })];
    case "batches":
      return [
        of(models(), { least: 3, fair: 7, rank: 1 }),
        of(jobs(), { least: 4, fair: Number.POSITIVE_INFINITY, rank: 0, isScrolled: true }),
      ];
    default:
      return picture.view satisfies never;
  }
}

/** So many lines of a section; where rows are left out, the last line says how many. */
function windowOf(
  { lines, hasHead, isScrolled }: Section,
  rows: number,
  skipped: number,
): { readonly lines: readonly Line[]; readonly mostSkipped: number } {
  if (rows >= lines.length) return { lines, mostSkipped: 0 };
  const heads = hasHead ? 1 : 0;
  // A head alone says nothing.
  if (rows <= heads) return { lines: [], mostSkipped: 0 };
  const seen = rows - heads - 1;
  if (seen < 1) return { lines: lines.slice(0, rows), mostSkipped: 0 };
  const list = lines.slice(heads);
  const mostSkipped = isScrolled ? list.length - seen : 0;
  const from = Math.min(skipped, mostSkipped);
  const below = list.length - from - seen;
  const said = [from === 0 ? [] : `${from} above`, below === 0 ? [] : `${below} more`].flat().join(", ");
  return {
    lines: [...lines.slice(0, heads), ...list.slice(from, from + seen), [{ text: said, colour: "dim" }]],
    mostSkipped,
  };
}

function footerLine({ state, picture, size: { columns } }: TopScene): Line {
  if (state.outage !== undefined)
    return cut([{ text: `No answer, trying again: ${state.outage}`, colour: "red" }], columns);
  const tab = (key: string, view: Picture["view"]): Line =>
    picture.view === view ? [{ text: `${key} ${view}`, colour: "bold" }] : [`${key} ${view}`];
  return joined(
    [
      ["q quit"],
      ["? help"],
      tab("1", "all"),
      tab("2", "workers"),
      tab("3", "batches"),
      [`s sort: ${picture.order}`],
      ["j k scroll"],
      [picture.isPaused ? "p go on" : "p pause"],
    ],
    columns,
    "  ",
  );
}
