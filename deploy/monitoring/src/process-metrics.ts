import type { MetricDefinition } from "@muster/orchestrator";

const define = <const Metrics extends Record<string, MetricDefinition>>(metrics: Metrics): Metrics => metrics;

/** What every Node process of an orchestrator tells; test/integration holds it against what is scraped. */
export const processMetrics = define({
  eventLoopLag: {
    ...{ name: "muster_nodejs_eventloop_lag_p99_seconds", type: "gauge", labels: [] },
    help: "99th percentile of late timers of the orchestrator.",
  },
  cpu: {
    ...{ name: "muster_process_cpu_seconds_total", type: "counter", labels: [] },
    help: "Processor time of the orchestrator.",
  },
  residentMemory: {
    ...{ name: "muster_process_resident_memory_bytes", type: "gauge", labels: [] },
    help: "Main memory of the orchestrator.",
  },
  heap: {
    ...{ name: "muster_nodejs_heap_size_used_bytes", type: "gauge", labels: [] },
    help: "Of that, objects of the program.",
  },
  openFiles: {
    ...{ name: "muster_process_open_fds", type: "gauge", labels: [] },
    help: "Files and connections that are open (Linux).",
  },
  startTime: {
    ...{ name: "muster_process_start_time_seconds", type: "gauge", labels: [] },
    help: "When the orchestrator started (Unix time).",
  },
});

/** What Prometheus writes of each scrape. */
export const scrapeMetrics = define({
  up: { name: "up", type: "gauge", labels: [], help: "1 while the last scrape went well." },
});
