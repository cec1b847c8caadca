/** A file of the dashboard, ready to be sent. */
export interface SiteFile {
  readonly contentType: string;
  /** Quoted, as headers have it. */
  readonly etag: string;
  readonly plain: Uint8Array;
  /** As the build has compressed it; undefined: it has not. */
  readonly gzip: Uint8Array | undefined;
  readonly brotli: Uint8Array | undefined;
}

/** What browsers are given. All of it is in memory: no request is ever made a path. */
export interface DashboardSite {
  /** Undefined: the dashboard was not built here. */
  readonly page: SiteFile | undefined;
  /** By name: `index-B0Ua5T.js`. */
  readonly assets: ReadonlyMap<string, SiteFile>;
}
