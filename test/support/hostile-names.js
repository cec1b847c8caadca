/** Names that lead elsewhere than they seem to, on some system or other. None may become a file. */
export const hostileNames = [
  ...["", ".", "..", "...", "../x", "../../x", "a/../../x", "a/./x", "/x", "//x", "/etc/passwd", "~/x"],
  ...["..\\x", "..\\..\\x", "\\x", "\\\\host\\share\\x", "//host/share/x", "C:\\x", "C:x", "c:/x"],
  ...["\\\\?\\C:\\x", "\\\\.\\pipe\\x", "file:///etc/passwd", "x:stream", "x::$DATA"],
  ...["x\u0000.gguf", "\u0000", "x\n", "x\r\ny", "x\u007f", "\u001b[2Jx"],
  ...["%2e%2e/x", "%2e%2e%2fx", "..%2fx", "..%5cx", "%252e%252e%252fx", "..%c0%afx", "%00"],
  ...["con", "CON.gguf", "aux", "nul", "prn.txt", "com1", "COM9.gguf", "lpt1", "conin$"],
  ...["x.", "x ", " x", "x. ", "x*", "x?", "x|y", "x<y", 'x"y', "\ud800x"],
  ...["x".repeat(300), `${"../".repeat(2_000)}x`, "ü".repeat(150)],
];
//# sourceMappingURL=hostile-names.js.map
