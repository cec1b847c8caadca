import type { BatchInputError } from "@muster/sdk";
import { count, whole } from "../../format/numbers.ts";
import { Panel } from "../../parts/panel.tsx";

interface InputErrorsProps {
  readonly errors: readonly BatchInputError[];
  readonly total?: number | undefined;
}

/** What is wrong with an input, with the numbers of its lines. */
export function InputErrors({ errors, total = errors.length }: InputErrorsProps) {
  const title = `${count(Math.max(total, errors.length), "error")} in the input`;
  return (
    <Panel title={title} isFlush>
      <ul className="line-errors">
        {errors.map(({ line, code, message, param }) => (
          <li key={`${line} ${code} ${param} ${message}`}>
            <span className="line-number">{line ? `Line ${whole(line)}` : "File"}</span>
            <span>{message}</span>
          </li>
        ))}
      </ul>
      {total > errors.length && (
        <p className="soft small line-errors-more">These are the first {errors.length}.</p>
      )}
    </Panel>
  );
}
