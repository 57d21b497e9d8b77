/** What addresses this machine has, and how to listen on all of them. */
import { networkInterfaces } from 'node:os'

/** This machine's own addresses but loopback and link-local ones. */
export function ownHosts(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .filter((info) => !info.internal && !info.address.startsWith('fe80:'))
    .map((info) => info.address)
}

/** All addresses of the families that this machine has; each family has its own listener. */
export function wildcards(hosts: readonly string[]): readonly string[] {
  const v6 = hosts.some((host) => host.includes(':'))
  const v4 = hosts.some((host) => !host.includes(':'))
  return [...(v4 || !v6 ? ['0.0.0.0:0'] : []), ...(v6 ? ['[::]:0'] : [])]
}
