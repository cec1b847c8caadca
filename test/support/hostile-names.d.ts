/** Names that lead elsewhere than they seem to, on some system or other. None may become a file. */
export declare const hostileNames: readonly string[];
//# sourceMappingURL=hostile-names.d.ts.map
