/** Drawn by hand on 16 units, one line thick. */
const paths = {
  now: "M2 9h3l2-5 3 9 2-4h2",
  workers: "M2.5 3.5h11v4h-11zM2.5 9.5h11v4h-11zM5 5.5h.01M5 11.5h.01M8 5.5h3M8 11.5h3",
  models: "M8 2l5.5 3L8 8 2.5 5zM2.5 8L8 11l5.5-3M2.5 11L8 14l5.5-3",
  batches: "M3 4h10M3 8h10M3 12h6",
  playground:
    "M13.5 8c0 2.8-2.5 4.5-5.5 4.5-.8 0-1.600-.1-2.300-.4L2.500 13.500l.9-2.700C2.800 10 2.500 9 2.500 8c0-2.800 2.500-4.500 5.500-4.500S13.500 5.200 13.500 8z",
  usage: "M3 13V8M8 13V3M13 13V6",
  keys: "M9.500 6.500a3 3 0 1 1-1-2.200 3 3 0 0 1 1 2.200zM9.200 8.200l4.300 4.300M11.500 10.500l-1.300 1.300",
  more: "M2.9 8a.3.3 0 1 0 .6 0a.3.3 0 1 0-.6 0M7.7 8a.3.3 0 1 0 .6 0a.3.3 0 1 0-.6 0M12.5 8a.3.3 0 1 0 .6 0a.3.3 0 1 0-.6 0",
  menu: "M2.500 4.500h11M2.500 8h11M2.500 11.500h11",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.500l3.500 3.500L13 4.500",
  copy: "M5.500 5.500h7v8h-7zM3.500 10.500v-8h7",
  warning: "M8 2.500L14 13H2zM8 6.500v3M8 11.300h.01",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.500v3.500M8 5h.01",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.300 10.300l3.200 3.200",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.500v9l7.500-4.500z",
  drain: "M8 2.500v8M4.500 7.500L8 11l3.500-3.500M3 13.500h10",
  trash: "M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.5 9h6l.5-9M7 7v4M9 7v4",
  plus: "M8 3v10M3 8h10",
  pin: "M8 9.500V14M4.500 9.500h7L10 7V3.500h1v-1H5v1h1V7z",
  refresh: "M13 8a5 5 0 1 1-1.500-3.500M13 2.500V5h-2.500",
  sun: "M8 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8 2v1M8 13v1M2 8h1M13 8h1M3.800 3.800l.7.7M11.500 11.500l.7.7M12.200 3.800l-.7.7M4.500 11.500l-.7.7",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z",
  auto: "M2.5 3h11v7.5h-11zM5.500 13.500h5M8 10.500v3",
  exit: "M9.500 3.500h-6v9h6M7 8h6.500M11 5.500L13.500 8 11 10.500",
  back: "M9.500 3.500L5 8l4.500 4.500",
  forward: "M6.500 3.500L11 8l-4.500 4.500",
  down: "M3.500 6L8 10.500 12.500 6",
  up: "M3.500 10L8 5.500l4.500 4.500",
  external: "M9 3h4v4M13 3L7.500 8.500M11 9.500v3.500H3V5h3.500",
  download: "M8 2.500v8M4.500 7L8 10.500 11.500 7M3 13.500h10",
  upload: "M8 10.500v-8M4.500 6L8 2.500 11.500 6M3 13.500h10",
  stop: "M4 4h8v8H4z",
  send: "M2.500 8L13.500 3 11 13l-3.500-3.500zM7.500 9.500L13.500 3",
  sliders: "M3 5h6M12 5h1M3 11h1M7 11h6M9 3.500v3M7 9.500v3",
  file: "M4 2.500h5l3 3v8H4zM9 2.500v3h3",
} as const;

export type IconName = keyof typeof paths;

/** A small drawing beside words; alone it needs a label, which `IconButton` has. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
