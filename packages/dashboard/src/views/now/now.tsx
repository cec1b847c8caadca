import type { LiveState } from "../../data/live-state.ts";
import { useLive } from "../../data/use-live.ts";
import { isSameList } from "../../data/use-store.ts";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { Charts } from "./charts.tsx";
import { Figures } from "./figures.tsx";
import { Findings } from "./findings.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { OpenBatches } from "./open-batches.tsx";
import { sentenceOf } from "./sentence.ts";
import "./now.css";

const workersOf = (live: LiveState) => [...live.workers.values()];
const hasNone = (live: LiveState) => live.known.workers && live.workers.size === 0;

/** How much we get out of our GPUs, whether it moves, and what is wrong. */
export function NowView() {
  const isEmpty = useLive(hasNone);
  const isKnown = useLive((live) => live.now !== undefined);
  return (
    <Page title="Now" heading={<Sentence />}>
      <Findings />
      {isEmpty && <FirstSteps />}
      {isKnown ? (
        <>
          <Figures />
          <OpenBatches />
          <Charts />
        </>
      ) : (
        <Skeleton lines={6} label="Waiting for the first figures" />
      )}
    </Page>
  );
}

function Sentence() {
  const now = useLive((live) => live.now);
  const workers = useLive(workersOf, isSameList);
  return now === undefined ? "How it goes" : sentenceOf(now, workers);
}
