/** Whether a host is an address and not a name. Pure: the domain has no `node:net`. */
export function isIP(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || /^[0-9a-fA-F]*:[0-9a-fA-F:.]+$/.test(host);
}
