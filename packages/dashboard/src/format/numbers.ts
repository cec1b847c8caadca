/** What is shown where nothing is known. */
export const unknown = "–";

/** Between a number and its unit no line is broken. */
const gap = "\u00a0";

type Maybe = number | null | undefined;

const isKnown = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);

/** `1,234`. */
export function whole(value: Maybe): string {
  return isKnown(value) ? Math.round(value).toLocaleString("en-US") : unknown;
}

/** Three figures that matter: `0.42`, `8.1`, `812`, `12.4k`, `3.1M`. */
export function short(value: Maybe): string {
  if (!isKnown(value)) return unknown;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.005) return "<0.01";
  if (size < 0.995) return value.toFixed(2);
  if (size < 9.95) return trimmed(value.toFixed(1));
  if (size < 9_999.5) return whole(value);
  for (const [unit, letter] of [
    [1e3, "k"],
    [1e6, "M"],
    [1e9, "G"],
  ] as const) {
    const scaled = value / unit;
    if (Math.abs(scaled) < 99.95) return `${trimmed(scaled.toFixed(1))}${letter}`;
    if (Math.abs(scaled) < 999.5) return `${scaled.toFixed(0)}${letter}`;
  }
  return `${trimmed((value / 1e12).toFixed(1))}T`;
}

/** A share of 0 to 1 as `42%`. */
export function percent(share: Maybe): string {
  if (!isKnown(share)) return unknown;
  if (share > 0 && share < 0.01) return "<1%";
  if (share < 1 && share > 0.99) return "99%";
  return `${Math.round(share * 100)}%`;
}

/** `7.9 GB`; memory is counted in 1024s, as its makers do, unless told otherwise. */
export function bytes(value: Maybe, base: 1000 | 1024 = 1024): string {
  if (!isKnown(value)) return unknown;
  let scaled = value;
  for (const unit of ["B", "KB", "MB", "GB", "TB"]) {
    if (Math.abs(scaled) < base || unit === "TB") {
      const digits = unit === "B" || Math.abs(scaled) >= 99.95 ? 0 : 1;
      return `${trimmed(scaled.toFixed(digits))}${gap}${unit}`;
    }
    scaled /= base;
  }
  return unknown;
}

/** `812 tokens/s`. */
export function rate(value: Maybe, of = "tokens"): string {
  return `${short(value)} ${of}/s`;
}

/** `184 W`, `1.2 kW`. */
export function watts(value: Maybe): string {
  if (!isKnown(value)) return unknown;
  return value < 999.5 ? `${Math.round(value)}${gap}W` : `${trimmed((value / 1000).toFixed(1))}${gap}kW`;
}

/** `840 Wh`, `1.2 kWh`. */
export function wattHours(value: Maybe): string {
  if (!isKnown(value)) return unknown;
  return value < 999.5 ? `${short(value)}${gap}Wh` : `${short(value / 1000)}${gap}kWh`;
}

/** `1 worker`, `2,000 workers`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${whole(value)} ${value === 1 ? one : many}`;
}

/** Parameters of a model: `4.5B`, `270M`. */
export function parameters(value: Maybe): string {
  if (!isKnown(value)) return unknown;
  if (value >= 1e9) return `${trimmed((value / 1e9).toFixed(value < 1e10 ? 1 : 0))}B`;
  return `${Math.round(value / 1e6)}M`;
}

/** `4k`, `128k`: tokens of a context. */
export function tokens(value: Maybe): string {
  if (!isKnown(value)) return unknown;
  if (value < 1024) return whole(value);
  return `${trimmed((value / 1024).toFixed(value < 10_240 ? 1 : 0))}k`;
}

function trimmed(text: string): string {
  return text.endsWith(".0") ? text.slice(0, -2) : text;
}
