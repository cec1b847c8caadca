#!/usr/bin/env node
// Committed, so that installers can link it before anything has been built.
await import("../dist/main.js");
