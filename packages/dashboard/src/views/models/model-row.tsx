import type { CatalogueModel } from "@muster/sdk";
import { hueOf } from "../../data/hues.ts";
import { hashOf } from "../../data/route.ts";
import { count, parameters, tokens } from "../../format/numbers.ts";
import { Badge } from "../../parts/badge.tsx";
import { loadedCounts } from "./families.ts";
import { capabilityTip, kindWords, notableCapabilities } from "./words.ts";

const mostNamed = 4;

/** One model of a family. */
export function ModelRow({ model }: { readonly model: CatalogueModel }) {
  const { id, title, parameters: size, active_parameters: active, max_context_tokens: context, pin } = model;
  return (
    <li className="model">
      <div className="model-who">
        <a className="model-title" href={hashOf("models", [id])}>
          {title}
        </a>
        <code className="one-line tiny faint">{id}</code>
      </div>
      <p className="model-size small soft">
        <span
          data-tip={
            active < size ? `Of its weights, ${parameters(active)} work at a time.` : "Its size, in weights."
          }
        >
          {parameters(size)}
        </span>
        {" · "}
        <span data-tip="The longest prompt and answer together, in tokens.">
          {tokens(context)}
          <span className="model-context-word"> context</span>
        </span>
      </p>
      <div className="model-abilities">
        {model.kind !== "chat" && <Badge>{kindWords[model.kind]}</Badge>}
        {(model.kind === "chat" ? notableCapabilities(model) : []).map((capability) => (
          <Badge key={capability} {...tipOf(capability)}>
            {capability.replaceAll("_", " ")}
          </Badge>
        ))}
        {model.origin === "added" && (
          <Badge tip="Not of Muster's own list: somebody here has added it.">added</Badge>
        )}
      </div>
      <div className="model-where">
        {pin !== null && (
          <Badge tone="accent" tip="So many replicas of it are always loaded.">
            pinned: {pin.replicas}
          </Badge>
        )}
        <Where model={model} />
      </div>
    </li>
  );
}

/** Others are on their way out, or have failed. */
const hereStates: ReadonlySet<string> = new Set(["ready", "loading", "fetching"]);

function Where({ model }: { readonly model: CatalogueModel }) {
  const { ready, coming } = loadedCounts(model);
  if (ready + coming === 0) return <span className="small faint">not loaded</span>;
  const there = model.loaded.filter(({ state }) => hereStates.has(state));
  const workers = [...new Set(there.map(({ worker }) => worker))];
  const names = workers.length > mostNamed ? count(workers.length, "machine") : workers.join(", ");
  return (
    <span className="model-loaded small" data-tip={workers.slice(0, 40).join(", ")}>
      <span className="swatch" style={{ background: `var(${hueOf(model.id)})` }} />
      <span className="one-line">{names}</span>
      {coming > 0 && <span className="faint tiny">{coming} on the way</span>}
    </span>
  );
}

function tipOf(capability: string): { readonly tip?: string } {
  const tip = capabilityTip(capability);
  return tip === undefined ? {} : { tip };
}
