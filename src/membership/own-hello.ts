/** What this process says first on each link. */
import type { Service } from '../../wire/messages/link.js'
import type { Address, Hash } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { Claim } from '../mesh.js'
import { type Hello, PROTOCOL_VERSION } from './greeting.js'

export interface HelloFields {
  readonly service: Service
  readonly capabilities: readonly string[]
  /** Later than those of all earlier runs. */
  readonly startTime: number
  readonly software: string | undefined
  readonly listen: readonly Address[]
  readonly claim: Claim & { readonly chain: Hash }
}

export function ownHello(env: Pick<Env, 'identity' | 'wallTime'>, fields: HelloFields): Hello {
  const { service, capabilities, startTime, software, listen, claim } = fields
  return {
    type: 'hello',
    protocol: PROTOCOL_VERSION,
    software: software ?? 'p2p-tui',
    capabilities,
    chain: claim.chain,
    name: env.identity.name,
    bootNonce: env.identity.bootNonce,
    startTime,
    service,
    listen,
    wallTime: env.wallTime(),
    tip: claim.tip,
    height: claim.height,
    work: new Uint8Array(Buffer.from(claim.work.toString(16).padStart(64, '0'), 'hex')),
  }
}
