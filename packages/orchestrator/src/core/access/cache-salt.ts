/** Hexadecimal digits: 16 bytes. */
const saltLength = 32;

/**
 * What stands for a tenant where workers keep beginnings of prompts: it tells tenants apart and does not name them.
 * @param within tells apart whom the tenant itself serves, as a Muster whose upstream we are does; undefined: nobody
 */
export function cacheSalt(digest: (text: string) => string, tenant: string, within?: string): string {
  const text = within === undefined ? tenant : `${tenant}\n${within}`;
  return digest(`muster cache salt\n${text}`).slice(0, saltLength);
}

/** A beginning of prompts as replicas are remembered by it: alike only within one salt; 0 is none. */
export function saltedPrefix(prefix: number, salt: string): number {
  if (prefix === 0) return 0;
  return (Math.imul(prefix ^ Number.parseInt(salt.slice(0, 8), 16), 0x01000193) >>> 0 || 1) >>> 0;
}
