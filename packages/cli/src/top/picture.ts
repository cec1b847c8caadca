/** What somebody has chosen to see, and how keys change that. */

export const views = ["all", "workers", "batches"] as const;
export type View = (typeof views)[number];

export const workerOrders = ["use", "name", "memory", "GPU", "state"] as const;
export type WorkerOrder = (typeof workerOrders)[number];

export interface Picture {
  readonly view: View;
  readonly order: WorkerOrder;
  /** Rows of the list that can be scrolled which are above the first one that is seen. */
  readonly skipped: number;
  readonly isPaused: boolean;
  readonly isHelp: boolean;
}

export const firstPicture: Picture = {
  view: "all",
  order: "use",
  skipped: 0,
  isPaused: false,
  isHelp: false,
};

const sequences: Readonly<Record<string, string>> = {
  "[A": "up",
  OA: "up",
  "[B": "down",
  OB: "down",
  "[5~": "page-up",
  "[6~": "page-down",
  "[H": "home",
  OH: "home",
  "[1~": "home",
  "[F": "end",
  OF: "end",
  "[4~": "end",
};

const ctrlC = "\u0003";
const esc = "\u001b";
/** What comes after an escape, as far as it belongs to it. */
const sequence = /^(\[[\d;?]*[ -/]*[@-~]|O.|.?)/su;

/**
 * The keys in what a terminal has sent: a letter, or the name of one that has none. Sequences that mean nothing here are
 * passed over.
 */
export function keysIn(text: string): string[] {
  const [typed = "", ...escaped] = text.split(esc);
  const after = escaped.flatMap((part) => {
    const [found = ""] = sequence.exec(part) ?? [];
    const key = sequences[found];
    return [...(key === undefined ? [] : [key]), ...part.slice(found.length)];
  });
  return [...typed, ...after].map((key) => (key === ctrlC ? "interrupt" : key));
}

const pageRows = 10;

/** The picture after a key; `mostSkipped`: where the list that is scrolled ends. */
export function withKey(picture: Picture, key: string, mostSkipped: number): Picture {
  const scrolled = (skipped: number) => ({
    ...picture,
    skipped: Math.max(0, Math.min(skipped, mostSkipped)),
  });
  // Whatever is typed takes the help away, and does nothing else.
  if (picture.isHelp) return { ...picture, isHelp: false };
  switch (key) {
    case "1":
    case "2":
    case "3":
      return { ...picture, view: views[Number(key) - 1] ?? "all", skipped: 0 };
    case "s":
      return { ...picture, order: next(workerOrders, picture.order), skipped: 0 };
    case "p":
      return { ...picture, isPaused: !picture.isPaused };
    case "?":
    case "h":
      return { ...picture, isHelp: true };
    case "j":
    case "down":
      return scrolled(picture.skipped + 1);
    case "k":
    case "up":
      return scrolled(picture.skipped - 1);
    case " ":
    case "page-down":
      return scrolled(picture.skipped + pageRows);
    case "page-up":
      return scrolled(picture.skipped - pageRows);
    case "g":
    case "home":
      return scrolled(0);
    case "G":
    case "end":
      return scrolled(mostSkipped);
    default:
      return picture;
  }
}

function next<T>(all: readonly T[], one: T): T {
  return all[(all.indexOf(one) + 1) % all.length] ?? one;
}
