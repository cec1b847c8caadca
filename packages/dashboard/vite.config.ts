import { defineConfig } from "vite";

// The site is served as it is, offline, under a strict Content-Security-Policy: no inline script, style or data URL.
export default defineConfig({
  base: "/",
  build: {
    outDir: "site",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    // From these on browsers know `light-dark()`, popovers and oklch by themselves.
    cssTarget: ["chrome123", "firefox125", "safari17.5"],
    modulePreload: false,
  },
  // `npx vite packages/dashboard` beside a running orchestrator.
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/cluster", "/dashboard/v1"].map((path) => [path, "http://127.0.0.1:11500"]),
    ),
  },
});
