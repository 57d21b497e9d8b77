/** A network to look at: snapshots as a peer would cut them. */
import { createHash } from 'node:crypto'
import type {
  BlockView,
  ChunkMapView,
  FileView,
  FolderConflict,
  FolderView,
  LookupProgress,
  PeerView,
  Snapshot,
  TallyView,
  TransferView,
} from '../../src/api.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'

export const hash = (text: string): Hash => createHash('sha256').update(text).digest('hex') as Hash
export const peerId = (text: string): PeerId => hash(text) as PeerId

export const NAMES = ['finch-teal', 'wren-amber', 'lark-jade', 'heron-coral', 'swift-onyx', 'robin-pearl', 'crane-ruby']

export function peerView(name: string, change: Partial<PeerView> = {}): PeerView {
  return {
    id: peerId(name),
    name,
    address: '127.0.0.1:24001' as Address,
    state: 'up',
    rttMs: 22,
    sent: 80_000,
    received: 1_200_000,
    role: 'peer',
    detail: '',
    down: 1_200_000,
    up: 80_000,
    software: 'p2p-tui 0.1.0',
    since: 1_699_999_000_000,
    score: 98,
    tasks: [],
    ...change,
  }
}

export function blockView(height: number, time: number, votes: readonly (readonly [string, string])[]): BlockView {
  return {
    height,
    hash: hash(`block ${height}`),
    previous: hash(`block ${height - 1}`),
    time,
    bits: 0x1d00ffff,
    nonce: height * 7,
    records: votes.map(([voter, choice]) => ({
      id: hash(`${voter} ${choice}`),
      kind: 'ballot',
      author: peerId('finch-teal'),
      data: { poll: 'main', voter, choice },
    })),
  }
}

export function fileView(name: string, change: Partial<FileView> = {}): FileView {
  return {
    name,
    id: hash(`file ${name}`),
    size: 134_217_728,
    chunks: 512,
    holders: 4,
    complete: false,
    publisher: peerId('finch-teal'),
    ...change,
  }
}

export function transferView(n: number, name: string, change: Partial<TransferView> = {}): TransferView {
  return {
    n,
    name,
    direction: 'down',
    done: 81_788_928,
    total: 134_217_728,
    rate: 4_200_000,
    etaSeconds: 48,
    reason: '',
    peers: 3,
    state: 'running',
    ...change,
  }
}

/** `have` chunks from the front, then eight on their way from the first three peers. */
export function chunkMap(n: number, chunks: number, have: number): ChunkMapView {
  const bits = new Uint8Array(Math.ceil(chunks / 8))
  for (let index = 0; index < have; index++) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7))
  const sources = NAMES.slice(0, 3)
  return {
    n,
    chunks,
    have: Buffer.from(bits).toString('base64'),
    coming: Array.from({ length: Math.min(8, chunks - have) }, (_, place) => ({
      index: have + place,
      from: peerId(sources[place % sources.length] ?? ''),
    })),
    sources: sources.map((name) => ({
      id: peerId(name),
      name,
      state: 'open',
      bytes: 27_000_000,
      rate: 1_400_000,
      reason: '',
    })),
  }
}

/** In sync, after two changes by others. `time` is seconds since the epoch. */
export function folderView(time: number, change: Partial<FolderView> = {}): FolderView {
  return {
    path: '/home/ada/shared',
    mode: 'both',
    state: 'in sync',
    reason: '',
    files: 214,
    directories: 12,
    bytes: 4_200_000,
    inSync: true,
    need: { items: 0, bytes: 0, done: 0 },
    heldDeletions: 0,
    conflicts: [],
    problems: [],
    changes: [
      { path: 'notes/blockchain.txt', what: 'changed', by: 'finch-teal', time: (time - 4) * 1000 },
      { path: 'old.txt', what: 'deleted', by: 'wren-amber', time: (time - 200) * 1000 },
    ],
    ...change,
  }
}

export const conflictOf = (path: string, time: number, by = 'wren-amber'): FolderConflict => ({
  path,
  copy: path.replace(/(\.\w+)?$/, '.sync-conflict-20261121-103000-123-3f9a0c1$1'),
  placeBy: 'finch-teal',
  by,
  time: (time - 60) * 1000,
})

/** An open poll. */
export function tallyView(poll: string, choices: TallyView['choices'], change: Partial<TallyView> = {}): TallyView {
  const total = Object.values(choices).reduce((sum, count) => sum + count, 0)
  const open = { question: '', options: [], closes: null, roll: null, state: 'open' } as const
  return { poll, height: 1204, final: false, total, choices, ...open, ...change }
}

/** Seven peers, a chain with votes, a ring, two files and a download. `time` is seconds since the epoch. */
export function network(time: number, change: Partial<Snapshot> = {}): Snapshot {
  const self = peerId('otter-lime')
  const peers = NAMES.map((name, index) => peerView(name, { rttMs: 20 + index * 7 }))
  const blocks = Array.from({ length: 8 }, (_, index) =>
    blockView(1204 - index, time - 4 - index * 61, [[`voter${index}`, 'yes']]),
  )
  return {
    status: {
      id: self,
      name: 'otter-lime',
      address: '127.0.0.1:24000' as Address,
      network: 'home',
      role: 'anchor',
      peers: peers.length,
      height: 1204,
      tip: hash('block 1204'),
      files: 2,
      transfers: 1,
      keptBytes: 4_200_000,
      quotaBytes: 10_000_000_000,
      hashRate: 5_900_000,
      clockOffsetMs: 3,
    },
    peers,
    ring: {
      id: self,
      successors: peers.slice(0, 4).map(({ id, name, rttMs }) => ({ id, name, rttMs, state: 'alive' as const })),
      predecessors: peers.slice(4).map(({ id, name, rttMs }) => ({ id, name, rttMs, state: 'alive' as const })),
      fingers: peers.slice(2, 5).map(({ id, name }) => ({ id, name })),
      keys: 12,
    },
    chain: { height: 1204, tip: hash('block 1204'), work: '123456789', blocks },
    mining: {
      mode: 'own',
      active: true,
      hashRate: 5_900_000,
      difficulty: 2 ** 21.4,
      pending: 2,
      syncing: null,
      forks: [{ hash: hash('fork'), height: 1203, behind: 1 }],
    },
    tallies: [tallyView('main', { yes: 6, no: 2 })],
    files: [fileView('music.txt'), fileView('atlas.iso', { complete: true, size: 2_100_000_000, chunks: 8011 })],
    transfers: [transferView(1, 'music.txt')],
    chunkMaps: [chunkMap(1, 512, 312)],
    lookup: null,
    folder: folderView(time),
    rates: { down: 4_200_000, up: 100_000 },
    ...change,
  }
}

/** By finch-teal to wren-amber, which owns the name; while it runs, and where it failed, only to finch-teal. */
export function lookupOf(state: LookupProgress['state']): LookupProgress {
  const path = [peerId('otter-lime'), peerId('finch-teal')]
  return {
    name: 'music.txt',
    key: hash('music.txt'),
    path,
    owner: state === 'done' ? peerId('wren-amber') : null,
    state,
  }
}

/** Just started, nobody near. */
export function emptyNetwork(time: number): Snapshot {
  const { status, ring, chain, mining, ...rest } = network(time)
  return {
    ...rest,
    status: { ...status, peers: 0, files: 0, transfers: 0, height: 0, hashRate: 0 },
    peers: [],
    ring: { ...ring, successors: [], predecessors: [], fingers: [], keys: 0 },
    chain: { ...chain, height: 0, blocks: [] },
    mining: { ...mining, active: false, hashRate: 0, pending: 0, forks: [] },
    tallies: [],
    files: [],
    transfers: [],
    chunkMaps: [],
    folder: folderView(time, { files: 0, directories: 0, bytes: 0, changes: [] }),
    rates: { down: 0, up: 0 },
  }
}
