import { Select, TextArea, TextInput } from "../../parts/field.tsx";
import { Segments } from "../../parts/tabs.tsx";
import { type ChatSettings, type Problems, type Thinking, thinkings } from "./chat-settings.ts";

interface SettingsProps {
  readonly settings: ChatSettings;
  readonly problems: Problems;
  readonly canThink: boolean;
  readonly onChange: (change: Partial<ChatSettings>) => void;
}

const thinkingWords: Readonly<Record<Thinking, string>> = {
  default: "As the model likes",
  none: "Off",
  low: "A little",
  medium: "More",
  high: "As much as it wants",
};

const formats = [
  { id: "text", label: "Text" },
  { id: "json_object", label: "JSON" },
  { id: "json_schema", label: "Schema" },
] as const;

const numbers = [
  { field: "temperature", label: "Temperature", help: "0 is the likeliest" },
  { field: "topP", label: "Top p", help: "0 to 1" },
  { field: "maxTokens", label: "Longest answer", help: "In tokens, thoughts too" },
  { field: "seed", label: "Seed", help: "Same seed, same answer" },
] as const;

/** How the model shall answer. What is left empty is as its makers recommend. */
export function SettingsForm({ settings, problems, canThink, onChange }: SettingsProps) {
  return (
    <div className="stack">
      <TextArea
        label="System text"
        help="What the model is told before anything else"
        rows={3}
        value={settings.system}
        onText={(system) => onChange({ system })}
      />
      <div className="settings-numbers">
        {numbers.map(({ field, label, help }) => (
          <TextInput
            key={field}
            label={label}
            help={help}
            error={problems[field]}
            inputMode="decimal"
            placeholder="Model’s own"
            autoComplete="off"
            value={settings[field]}
            onText={(text) => onChange({ [field]: text })}
          />
        ))}
      </div>
      {canThink && (
        <Select
          label="Thinking"
          value={settings.thinking}
          options={thinkings.map((value) => ({ value, label: thinkingWords[value] }))}
          onValue={(value) => onChange({ thinking: thinkings.find((each) => each === value) ?? "default" })}
        />
      )}
      <div className="field">
        <span className="field-label">Answer as</span>
        <Segments
          label="Answer as"
          choices={formats}
          chosen={settings.format}
          onChoose={(id) => onChange({ format: formats.find((each) => each.id === id)?.id ?? "text" })}
        />
      </div>
      {settings.format === "json_schema" && (
        <TextArea
          label="JSON Schema"
          help="The answer is held to it, word by word"
          error={problems.schema}
          isCode
          rows={9}
          spellCheck={false}
          value={settings.schema}
          onText={(schema) => onChange({ schema })}
        />
      )}
    </div>
  );
}
