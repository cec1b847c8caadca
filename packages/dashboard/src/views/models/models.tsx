import { useLive } from "../../data/use-live.ts";

export function ModelsView() {
  const at = useLive((live) => live.now?.at);
  return <h1>Models {at}</h1>;
}
