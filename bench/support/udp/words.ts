/** What a bench and its processes of peers say to each other. */
import type { Cycles } from './counted.js'
import type { Sent } from './loss.js'

/** Given to a process at its start. */
export interface Plan {
  /** One peer each, all of the same ring. */
  readonly names: readonly string[]
  /** Directory of the ring: the same for all its processes. */
  readonly root: string
  /** Address of a peer of that ring; null for its first process. */
  readonly join: string | null
  readonly intervalMs: number
  /** Share of datagrams that are lost. */
  readonly loss: number
  readonly seed: number
}

export interface PeerView {
  readonly id: string
  readonly name: string
  /** Names, nearest first. */
  readonly successors: readonly string[]
  readonly predecessors: readonly string[]
  /** Each of the watched four answered a datagram since it is next to this peer. */
  readonly proven: boolean
  /** Bytes over all its links so far, as encoded. */
  readonly linkBytes: number
}

export interface State {
  readonly peers: readonly PeerView[]
  readonly cycles: Cycles
  readonly datagrams: Sent
  /** How late the event loop was, in milliseconds. */
  readonly lagP99Ms: number
  readonly lagMaxMs: number
}

/** A log line of a peer, on the clock that all processes share. */
export interface News {
  readonly atMs: number
  readonly by: string
  readonly what: 'departed' | 'first successor' | 'first predecessor'
  readonly who: string
}

export type Told =
  | { readonly type: 'ready'; readonly address: string }
  | { readonly type: 'state'; readonly state: State }
  | { readonly type: 'news'; readonly news: News }

/** `fresh`: forget how late the loop was until now. */
export type Asked = { readonly type: 'state' } | { readonly type: 'fresh' }

/** Monotonic, the same in all processes of this machine. */
export const sharedMs = (): number => Number(process.hrtime.bigint()) / 1e6
