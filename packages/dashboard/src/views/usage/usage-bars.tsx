import { shortDate } from "../../format/times.ts";
import { barsOf, othersId, type Series } from "./usage-series.ts";

interface UsageBarsProps {
  readonly series: readonly Series[];
  readonly days: readonly string[];
  readonly format: (value: number) => string;
  /** What is drawn, for who does not see it. */
  readonly label: string;
}

/** Days stand side by side, what they are made of on top of each other. */
export function UsageBars({ series, days, format, label }: UsageBarsProps) {
  const { bars, top } = barsOf(series, days);
  const colors = new Map(series.map(({ id }, index) => [id, colorOf(id, index)]));
  const names = new Map(series.map(({ id, name }) => [id, name]));
  const labelled = Math.ceil(days.length / 8);
  const said = series.map(({ name, sum }) => `${name}: ${format(sum)}`).join(", ");
  return (
    <figure className="bars" role="img" aria-label={`${label}. ${said}.`}>
      <div className="bars-plot">
        {[1, 0.5, 0].map((share) => (
          <span key={share} className="bars-line" style={{ bottom: `${share * 100}%` }}>
            <span>{share === 0 ? "0" : format(top * share)}</span>
          </span>
        ))}
        <div className="bars-columns">
          {bars.map(({ day, total, parts }) => {
            const made = [...parts].reverse().map(({ id, value }) => `${names.get(id)} ${format(value)}`);
            const tip = `${dayWords(day)}: ${total === 0 ? "nothing" : [format(total), ...(made.length > 1 ? made : [])].join(" · ")}`;
            return (
              <div key={day} className="bars-column" data-tip={tip}>
                {parts.map(({ id, height }) => (
                  <span key={id} style={{ height: `${height * 100}%`, background: colors.get(id) }} />
                ))}
              </div>
            );
          })}
        </div>
      </div>
      <div className="bars-days" aria-hidden="true">
        {days.map((day, index) => (
          <span key={day}>{(days.length - 1 - index) % labelled === 0 ? <i>{dayWords(day)}</i> : null}</span>
        ))}
      </div>
      <ul className="chart-legend" aria-hidden="true">
        {series.map(({ id, name, sum }) => (
          <li key={id}>
            <span className="swatch" style={{ background: colors.get(id) }} />
            <span className="one-line">{name}</span>
            <b>{format(sum)}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function colorOf(id: string, index: number): string {
  return id === othersId ? "var(--other)" : `var(--hue-${(index % 8) + 1})`;
}

/** Noon is the same day in most time zones. */
function dayWords(day: string): string {
  return shortDate(Date.parse(`${day}T12:00:00Z`) / 1_000);
}
