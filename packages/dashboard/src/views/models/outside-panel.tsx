import { useState } from "react";
import { hueOf } from "../../data/hues.ts";
import { useMay } from "../../data/use-session.ts";
import { Hint } from "../../parts/hint.tsx";
import { Panel } from "../../parts/panel.tsx";
import type { OutsideModel, Place } from "./outside.ts";
import { ReplicaLine, UnloadQuestion } from "./replica-line.tsx";

export interface OutsidePanelProps {
  readonly models: readonly OutsideModel[];
  readonly onChanged: () => void;
}

/** Models that workers serve though the catalogue does not know them. */
export function OutsidePanel({ models, onChanged }: OutsidePanelProps) {
  const isAdmin = useMay("admin");
  const [asked, setAsked] = useState<Place | undefined>();
  return (
    <Panel
      title={
        <Hint tip="A worker was started with them: with a file of its own, or with another engine that it asks. Requests can ask for them by name; they are loaded nowhere else by themselves.">
          Served, not in the catalogue
        </Hint>
      }
      isFlush
    >
      <ul>
        {models.map(({ model, places, slots, slotsUsed }) => (
          <li key={model} className="model-outside">
            <div className="model-loaded">
              <span className="swatch" style={{ background: `var(${hueOf(model)})` }} />
              <code className="one-line">{model}</code>
              <span className="small soft">
                {slots === 0 ? "not ready yet" : `${slotsUsed} of ${slots} slots used`}
              </span>
            </div>
            <ul className="lines">
              {places.map((place) => (
                <ReplicaLine key={place.replica.id} {...place} {...(isAdmin ? { onUnload: setAsked } : {})} />
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {asked !== undefined && (
        <UnloadQuestion
          model={asked.replica.model}
          {...asked}
          onClose={() => setAsked(undefined)}
          onChanged={onChanged}
        >
          Its memory is free afterwards. It is not in the catalogue, so that it is not loaded again by itself.
        </UnloadQuestion>
      )}
    </Panel>
  );
}
