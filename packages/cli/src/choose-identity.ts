import { MusterError } from "@muster/base";
import type { JoinedAs } from "@muster/worker";

/**
 * Which of the workers that have joined from this machine is meant: the one of that name; without a name the only one, or
 * the one that is called as the machine. Undefined where none is; throws `invalid_request` where it is not clear.
 */
export function chooseIdentity(
  joined: readonly JoinedAs[],
  wanted: { readonly name: string | undefined; readonly machine: string },
): JoinedAs | undefined {
  const { name, machine } = wanted;
  if (name !== undefined) return joined.find((one) => one.name === name);
  const [only, ...others] = joined;
  if (only === undefined || others.length === 0) return only;
  const likeMachine = joined.find((one) => one.name === machine);
  if (likeMachine !== undefined) return likeMachine;
  const list = joined.map((one) => `  --name ${one.name}    # joined ${one.address}\n`).join("");
  throw new MusterError(
    "invalid_request",
    `This machine has joined as several workers: say which.\n${list.trimEnd()}`,
    {
      param: "--name",
    },
  );
}
