import { job } from "./alerts/health.ts";
import { generated } from "./generated.ts";
import { evaluationInterval } from "./rule-file.ts";

interface Scrape {
  /** Comments at the top of the file. */
  readonly opening: string;
  /** The job below its name. */
  readonly settings: string;
}

const key = `    # A key with the one scope that it needs: muster keys create --scope metrics --name prometheus
    # Its text, and nothing else, is in this file, which Prometheus alone may read (mode 0600).
    authorization:
      type: Bearer
      credentials_file: muster-metrics.key
`;

/** prometheus.yml: what a Prometheus of its own for Muster needs, and what to copy into one that is there. */
export function scrapeFile(): string {
  return fileOf({
    opening: `# A Prometheus for Muster. Where you have one: copy the job into its scrape_configs, and the two rule files beside it.
# docs/monitoring.md has the three steps.
`,
    settings: `    # Of MUSTER_TLS=own or a certificate; http where MUSTER_TLS=off.
    scheme: https
    metrics_path: /metrics
${key}    # With MUSTER_TLS=own: a copy of the orchestrator's <data folder>/trust/ca.crt. Of a certificate that this machine
    # trusts anyway, leave the section out.
    tls_config:
      ca_file: muster-ca.crt
    static_configs:
      # Every orchestrator, not one of them: each counts what it has done itself. This is the listener for clients
      # (MUSTER_PORT). Two settings move /metrics elsewhere, and the target must move with it:
      #   MUSTER_ADMIN_PORT    /metrics answers on that listener alone, with the same keys and TLS;
      #   MUSTER_METRICS_PORT  a listener for /metrics and nothing else.
      - targets: ["localhost:11500"]
`,
  });
}

/** compose.yml: the same inside of deploy/compose.yaml. */
export function composeScrapeFile(): string {
  return fileOf({
    opening: "# The Prometheus of deploy/compose.yaml, with the profile monitoring.\n",
    settings: `    # Inside of the containers' network there is no TLS.
    scheme: http
    metrics_path: /metrics
${key}    static_configs:
      - targets: ["orchestrator:11500"]
`,
  });
}

function fileOf({ opening, settings }: Scrape): string {
  return `# ${generated}
${opening}global:
  scrape_interval: 15s
  evaluation_interval: ${evaluationInterval}

rule_files:
  - muster-rules.yml
  - muster-alerts.yml

# Where alerts go; without an Alertmanager they are seen in Prometheus and Grafana alone.
# alerting:
#   alertmanagers:
#     - static_configs:
#         - targets: ["localhost:9093"]

scrape_configs:
  - job_name: ${job}
${settings}`;
}
