import { Select, Switch, TextInput } from "../../parts/field.tsx";

export interface BatchOptions {
  readonly name: string;
  readonly window: string;
  readonly priority: "low" | "normal" | "high";
  readonly isCached: boolean;
  readonly hasProvenance: boolean;
}

export const usualOptions: BatchOptions = {
  ...{ name: "", window: "24h", priority: "normal", isCached: false, hasProvenance: false },
};

const windows = [
  { value: "1h", label: "1 hour" },
  { value: "6h", label: "6 hours" },
  { value: "24h", label: "24 hours" },
  { value: "3d", label: "3 days" },
  { value: "7d", label: "7 days" },
];

const priorities = [
  { value: "low", label: "Low: a quarter of a share" },
  { value: "normal", label: "Normal" },
  { value: "high", label: "High: four shares" },
] as const;

interface OptionsProps {
  readonly options: BatchOptions;
  readonly usualName: string | undefined;
  readonly onChange: (options: BatchOptions) => void;
}

export function BatchOptionsForm({ options, usualName, onChange }: OptionsProps) {
  const change = (part: Partial<BatchOptions>) => onChange({ ...options, ...part });
  return (
    <div className="stack">
      <div className="batch-options">
        <TextInput
          label="Name"
          help="What lists call it"
          placeholder={usualName ?? "letters of May"}
          maxLength={512}
          value={options.name}
          onText={(name) => change({ name })}
        />
        <Select
          label="Window"
          help="What is not done by then never runs"
          value={options.window}
          options={windows}
          onValue={(window) => change({ window })}
        />
        <Select
          label="Priority"
          help="When slots are shared out"
          value={options.priority}
          options={priorities}
          onValue={(value) =>
            change({ priority: priorities.find((each) => each.value === value)?.value ?? "normal" })
          }
        />
      </div>
      <div className="row batch-switches">
        <Switch
          label="Answer equal lines once"
          isOn={options.isCached}
          onSwitch={(isCached) => change({ isCached })}
        />
        <Switch
          label="Keep where each answer came from"
          isOn={options.hasProvenance}
          onSwitch={(hasProvenance) => change({ hasProvenance })}
        />
      </div>
    </div>
  );
}
