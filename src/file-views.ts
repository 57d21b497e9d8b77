/** What users see of files and transfers: a part of `api.ts`, which exports it. */
import type { Address, Hash, PeerId } from '../wire/types.js'

export interface StoredView {
  readonly name: string
  readonly id: Hash
  readonly size: number
  readonly chunks: number
  readonly holders: number
}

export interface RequestedView {
  readonly name: string
  readonly path: string
  readonly size: number
  /** Manifest id. */
  readonly hash: Hash
  readonly sources: readonly { readonly id: PeerId; readonly bytes: number }[]
  readonly seconds: number
}

export interface FileView {
  readonly name: string
  readonly id: Hash
  readonly size: number
  readonly chunks: number
  /** Peers that hold all of it; of a spread file those that hold the chunk that the fewest hold. */
  readonly holders: number
  /** All of it is here. */
  readonly complete: boolean
  readonly publisher: PeerId
}

export interface ManifestView {
  readonly name: string
  readonly id: Hash
  readonly size: number
  readonly chunkSize: number
  readonly chunks: readonly {
    readonly index: number
    readonly name: string
    readonly size: number
    readonly hash: Hash
    readonly holders: readonly { readonly id: PeerId; readonly name: string; readonly address: Address }[]
  }[]
}

/** Who holds how much of a file: a manifest's holders without its chunks. */
export interface HoldersView {
  readonly name: string
  readonly id: Hash
  readonly chunks: number
  /** Who has most first. */
  readonly holders: readonly {
    readonly id: PeerId
    readonly name: string
    /** How many chunks, and which: as `have` of ChunkMapView. */
    readonly count: number
    readonly have: string
  }[]
}

export interface TransferView {
  readonly n: number
  readonly name: string
  readonly direction: 'down' | 'up' | 'keep'
  /** Bytes. */
  readonly done: number
  readonly total: number
  /** Bytes a second, over about 5 s. */
  readonly rate: number
  /** null while unknown or stalled. */
  readonly etaSeconds: number | null
  /** Why it stands still or ended; '' while it runs. */
  readonly reason: string
  /** Peers it runs with. */
  readonly peers: number
  readonly state: 'running' | 'paused' | 'stalled' | 'done' | 'failed'
}

/** Where the chunks of an unfinished download stand. */
export interface ChunkMapView {
  /** Number of the transfer. */
  readonly n: number
  readonly chunks: number
  /** The verified ones: bit i of byte i >> 3 stands for chunk i, lowest bit first; base64. */
  readonly have: string
  /** The ones that are asked for, and of whom. */
  readonly coming: readonly { readonly index: number; readonly from: PeerId }[]
  readonly sources: readonly {
    readonly id: PeerId
    readonly name: string
    readonly state: 'waiting' | 'opening' | 'open' | 'resting'
    /** Verified bytes from this peer. */
    readonly bytes: number
    /** Bytes a second, over about 5 s. */
    readonly rate: number
    /** Why it rests; '' otherwise. */
    readonly reason: string
  }[]
}
