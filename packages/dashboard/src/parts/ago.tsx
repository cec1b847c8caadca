import { useEffect } from "react";
import { createStore } from "../data/store.ts";
import { useStore } from "../data/use-store.ts";
import { fullTime, relative } from "../format/times.ts";

const tickMs = 10_000;
const clock = createStore(nowSeconds());
let followers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Unix seconds, in steps of ten: one clock for the page. */
export function useNow(): number {
  useEffect(() => {
    followers += 1;
    if (followers === 1) {
      clock.set(nowSeconds());
      timer = setInterval(() => clock.set(nowSeconds()), tickMs);
    }
    return () => {
      followers -= 1;
      if (followers === 0) clearInterval(timer);
    };
  }, []);
  return useStore(clock, same);
}

/** `4 min ago`, with the whole date when it is pointed at. */
export function Ago({ at }: { readonly at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at * 1000).toISOString()} data-tip={fullTime(at)}>
      {relative(at, now)}
    </time>
  );
}

const same = (value: number) => value;

function nowSeconds(): number {
  return Date.now() / 1000;
}
