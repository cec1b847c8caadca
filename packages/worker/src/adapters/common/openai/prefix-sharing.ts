import { goldenCacheSalt } from "@muster/base";

/** Whether a prompt with this salt may begin with what the server has kept. */
export type PrefixSharing = (salt: string | undefined) => boolean;

/**
 * For a server that keeps beginnings of prompts and knows no salts: it may look there as long as all that it has seen is
 * of one salt. Golden prompts are the same for everybody: they never look, and that others find them tells nothing.
 */
export function createPrefixSharing(): PrefixSharing {
  let only: string | undefined;
  let isMixed = false;
  return (salt = "") => {
    if (salt === goldenCacheSalt) return false;
    only ??= salt;
    isMixed ||= salt !== only;
    return !isMixed;
  };
}
