import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";

/**
 * A key that vouches for orchestrators and workers. All times are Unix seconds.
 * @example const signing = trust.authorities.find(({ signs }) => signs);
 */
export interface Authority {
  /** What invitations pin. */
  readonly id: string;
  /** It signs workers' certificates now. */
  readonly signs: boolean;
  /** Orchestrators show certificates of it now. */
  readonly serves: boolean;
  /** The office has brought it: Muster does not change it. */
  readonly is_brought: boolean;
  readonly created_at: number;
  readonly serves_from: number;
  /** Null: it goes on. */
  readonly ends_at: number | null;
}

/**
 * Who vouches for the fleet.
 * @example const isChanging = trust.authorities.length > 1;
 */
export interface Trust {
  readonly object: "trust";
  readonly authorities: readonly Authority[];
}

/**
 * `muster.trust`: the authority that vouches for the fleet.
 * @example const { authorities } = await muster.trust.status();
 */
export interface TrustResource {
  /**
   * The authorities that count now. Rejects where the fleet port is on loopback.
   * @example const { authorities } = await muster.trust.status();
   */
  status(options?: RequestOptions): Promise<Trust & ResponseInfo>;
  /**
   * Makes another authority: it signs at once, and is shown after `overlap` seconds (default: a week).
   * @example await muster.trust.rotate({ overlap: 86_400 });
   */
  rotate(wish?: { readonly overlap?: number }, options?: RequestOptions): Promise<Trust & ResponseInfo>;
}

export function createTrust(transport: Transport): TrustResource {
  return {
    status: (options) => transport.json<Trust>({ method: "GET", path: "/cluster/v1/trust", options }),
    rotate: (wish = {}, options) =>
      transport.json<Trust>({ method: "POST", path: "/cluster/v1/trust/rotate", body: wish, options }),
  };
}
