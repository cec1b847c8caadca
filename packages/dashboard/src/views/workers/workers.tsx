import { useLive } from "../../data/use-live.ts";

export function WorkersView() {
  const at = useLive((live) => live.now?.at);
  return <h1>Workers {at}</h1>;
}
