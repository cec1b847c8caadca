import { useEffect } from "react";
import { askSession } from "../data/session.ts";
import { useSession } from "../data/use-session.ts";
import { Tips } from "../parts/tips.tsx";
import { Toasts } from "../parts/toasts.tsx";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";
import { Unreachable } from "./unreachable.tsx";

/** The page: who is it, then the shell with one view. */
export function App() {
  const state = useSession();

  useEffect(() => {
    void askSession();
  }, []);

  return (
    <>
      {state.kind === "signed-in" && <Shell session={state.session} />}
      {state.kind === "signed-out" && <SignIn />}
      {state.kind === "unreachable" && <Unreachable error={state.error} />}
      <Toasts />
      <Tips />
    </>
  );
}
