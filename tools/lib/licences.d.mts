/** Why a licence expression may not be in a release; undefined where it may. */
export function objectionTo(license: string | undefined): string | undefined;
