/** Names that lead elsewhere than they seem to, on some system or other. None may become a file. */
export const hostileNames: readonly string[];
