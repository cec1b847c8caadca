import { useLive } from "../../data/use-live.ts";

export function NowView() {
  const at = useLive((live) => live.now?.at);
  return <h1>Now {at}</h1>;
}
