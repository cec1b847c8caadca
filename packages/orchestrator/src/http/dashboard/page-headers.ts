import type { FastifyReply } from "fastify";

/** Everything from here, nothing inline, nothing framed: what is shown on a page can run nothing and ask nobody else. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const denied = [
  "camera",
  "display-capture",
  "geolocation",
  "hid",
  "microphone",
  "midi",
  "payment",
  "serial",
  "usb",
];

export function setPageHeaders(reply: FastifyReply): void {
  reply.headers({
    "content-security-policy": contentSecurityPolicy,
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": denied.map((feature) => `${feature}=()`).join(", "),
  });
}
