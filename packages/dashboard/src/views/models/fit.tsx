import type { ModelPlan } from "@muster/sdk";
import { rate, tokens } from "../../format/numbers.ts";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Hint } from "../../parts/hint.tsx";
import { Skeleton } from "../../parts/loading.tsx";

export interface FitProps {
  readonly plan: ModelPlan | undefined;
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly onRetry: () => void;
}

const mostShown = 60;

/** Where the model would fit, how fast it should be, and where not and why. */
export function Fit({ plan, isLoading, error, onRetry }: FitProps) {
  return (
    <section>
      <h3>Where it fits</h3>
      {error !== undefined && <ErrorNote error={error} onRetry={onRetry} />}
      {plan === undefined && isLoading && <Skeleton lines={3} />}
      {plan !== undefined && (
        <>
          {plan.expected_decode_tokens_per_second !== null && plan.fits.length > 0 && (
            <p className="small soft">
              About {rate(plan.expected_decode_tokens_per_second)} for one{" "}
              <Hint tip="Several answers at once share a GPU, and are together faster than one.">answer</Hint>
              , on the best of them.
            </p>
          )}
          <ul className="lines">
            {plan.fits.slice(0, mostShown).map((fit) => (
              <li key={fit.worker} className="line">
                <span className="dot dot-good" aria-hidden="true" />
                <span className="grow">
                  <span className="strong">{fit.worker}</span>{" "}
                  <span className="small soft">
                    {fit.variant} on {fit.device}: {fit.slots} × {tokens(fit.context_tokens)}
                  </span>
                  {fit.reason !== "" && <span className="line-why">{fit.reason}</span>}
                </span>
              </li>
            ))}
            {plan.why_not.slice(0, mostShown).map(({ worker, reason }) => (
              <li key={worker} className="line">
                <span className="dot dot-quiet" aria-hidden="true" />
                <span className="grow">
                  <span className="strong soft">{worker}</span>
                  <span className="line-why">{reason}</span>
                </span>
              </li>
            ))}
          </ul>
          {plan.fits.length + plan.why_not.length === 0 && (
            <p className="small soft">There is no machine yet on which it could be loaded.</p>
          )}
        </>
      )}
    </section>
  );
}
