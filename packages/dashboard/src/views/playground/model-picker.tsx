import { useId } from "react";
import { tokens } from "../../format/numbers.ts";
import { Badge } from "../../parts/badge.tsx";
import { badgesOf, findChoice, type ModelChoice, type ModelChoices } from "./model-choices.ts";

interface ModelPickerProps {
  readonly choices: ModelChoices;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}

/** Which model answers, and what it can do. */
export function ModelPicker({ choices, chosen, onChoose }: ModelPickerProps) {
  const id = useId();
  const choice = chosen === undefined ? undefined : findChoice(choices, chosen);
  return (
    <div className="model-picker">
      <label className="unseen" htmlFor={id}>
        Model
      </label>
      <select
        id={id}
        className="input select"
        value={chosen ?? ""}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        <Group label="On workers now" choices={choices.served} />
        <Group label="Families: the best member answers" choices={choices.families} />
        <Group label="Loaded when asked" choices={choices.available} />
        {chosen !== undefined && choice === undefined && (
          <option value={chosen}>{chosen}: not there now</option>
        )}
      </select>
      {choice !== undefined && (
        <p className="row model-badges">
          {badgesOf(choice).map((word) => (
            <Badge key={word}>{word}</Badge>
          ))}
          {choice.contextTokens !== undefined && (
            <Badge tone="quiet" tip="Prompt and answer together">
              {`${tokens(choice.contextTokens)} context`}
            </Badge>
          )}
          {!choice.isReady && (
            <Badge tone="warn" tip="The first answer waits until it is in memory">
              {choice.isServed ? "loading" : "not loaded"}
            </Badge>
          )}
        </p>
      )}
    </div>
  );
}

function Group({ label, choices }: { readonly label: string; readonly choices: readonly ModelChoice[] }) {
  if (choices.length === 0) return null;
  return (
    <optgroup label={label}>
      {choices.map(({ id }) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </optgroup>
  );
}
