import type { Worker } from "@muster/sdk";
import { count, percent } from "../../format/numbers.ts";
import { clockTime, dayOfWeek } from "../../format/times.ts";

/** When it should be lent in the coming day, by when it was in the past. */
export function Presence({ worker: { presence } }: { readonly worker: Worker }) {
  if (presence === null || presence === undefined || presence.next_hours.length === 0) return null;
  const hours = presence.next_hours;
  return (
    <section>
      <h3>Likely to be lent, hour by hour</h3>
      <ol className="presence" aria-label="Likely to be lent in the coming day">
        {hours.map(({ at, likelihood }) => (
          <li
            key={at}
            data-tip={`${dayOfWeek(at)} ${clockTime(at)}: ${percent(likelihood)}`}
            aria-label={`${clockTime(at)}: ${percent(likelihood)}`}
          >
            <span style={{ height: `${Math.max(4, likelihood * 100)}%` }} />
          </li>
        ))}
      </ol>
      <div className="presence-times" aria-hidden="true">
        {hours
          .filter((_, index) => index % 6 === 0 && index < 24)
          .map(({ at }) => (
            <span key={at}>{clockTime(at)}</span>
          ))}
      </div>
      <p className="tiny faint">
        {presence.hours_seen < 1
          ? "As its rule says: nothing is learnt of its hours yet."
          : `Learnt from ${count(Math.round(presence.hours_seen), "hour")}.`}
      </p>
    </section>
  );
}
