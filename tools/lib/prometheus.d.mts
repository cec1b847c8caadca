/** The programs of a Prometheus; undefined where there is none. */
export function findPrometheus(): { readonly prometheus: string; readonly promtool: string } | undefined;
