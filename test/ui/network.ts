/** A network to look at: snapshots as a peer would cut them, made by hand or at random with hostile names. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { BlockView, FileView, PeerView, Snapshot, TransferView } from '../../src/api.js'
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
      hashRate: 5_900_000,
      clockOffsetMs: 3,
    },
    peers,
    ring: {
      id: self,
      successors: peers.slice(0, 4).map(({ id, name, rttMs }) => ({ id, name, rttMs, state: 'alive' as const })),
      predecessors: peers.slice(4).map(({ id, name }) => ({ id, name })),
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
    tallies: [{ poll: 'main', height: 1204, final: false, total: 8, choices: { yes: 6, no: 2 } }],
    files: [fileView('music.txt'), fileView('atlas.iso', { complete: true, size: 2_100_000_000, chunks: 8011 })],
    transfers: [transferView(1, 'music.txt')],
    rates: { down: 4_200_000, up: 100_000 },
    ...change,
  }
}

/** Names that try to leave their place: escape sequences, bidi overrides, emoji, stacked marks, wide characters. */
const NASTY = [
  '\u001b[31mred\u001b[2J',
  '\u001b]0;title\u0007',
  'a\r\nb\tc',
  '\u202egnp.exe',
  '👩‍👩‍👧‍👦 family',
  'z\u0310\u0311\u0312\u0313\u0314algo',
  '日本語のファイル名.txt',
  'ｆｕｌｌ',
  '\u0000\u0007\u009b31m',
  'e\u0301clair',
  '\ud800lone',
  'हिन्दी',
  '🇨🇭1️⃣❤️',
  '\u200b\u00ad\ufeff',
  '',
]

export const anyName = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
)

const anyId = fc.integer({ min: 0, max: 1 << 20 }).map((seed) => peerId(String(seed)))
const anyCount = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.nat(), fc.double({ min: 0, noNaN: true, max: 1e300 }))
const anyNeighbour = fc.record({ id: anyId, name: anyName })
const few = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 12 })

const anyPeer: fc.Arbitrary<PeerView> = fc.record({
  id: anyId,
  name: anyName,
  address: anyName as fc.Arbitrary<Address>,
  state: fc.constantFrom('up', 'dialing', 'suspect', 'down'),
  rttMs: fc.option(anyCount),
  sent: anyCount,
  received: anyCount,
  role: fc.constantFrom('peer', 'anchor', 'dial-out'),
  detail: anyName,
})

const anyTransfer: fc.Arbitrary<TransferView> = fc.record({
  n: fc.nat(),
  name: anyName,
  direction: fc.constantFrom('down', 'up', 'keep'),
  done: anyCount,
  total: anyCount,
  rate: anyCount,
  etaSeconds: fc.option(anyCount),
  reason: anyName,
  peers: fc.nat(),
  state: fc.constantFrom('running', 'paused', 'stalled', 'done', 'failed'),
})

const anyFile: fc.Arbitrary<FileView> = fc.record({
  name: anyName,
  id: anyId,
  size: anyCount,
  chunks: fc.nat(),
  holders: fc.nat(),
  complete: fc.boolean(),
  publisher: anyId,
})

const anyBlock: fc.Arbitrary<BlockView> = fc.record({
  height: fc.nat(),
  hash: anyId,
  previous: anyId,
  time: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  bits: fc.nat(),
  nonce: fc.nat(),
  records: few(
    fc.record({
      id: anyId,
      kind: fc.constantFrom('note', 'ballot'),
      author: anyId,
      data: fc.record({ text: anyName, voter: anyName, choice: anyName, poll: anyName }, { requiredKeys: [] }),
    }),
  ),
})

export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  status: fc.record({
    id: anyId,
    name: anyName,
    address: anyName as fc.Arbitrary<Address>,
    network: anyName,
    role: fc.constantFrom('peer', 'anchor', 'dial-out'),
    peers: fc.nat(),
    height: fc.nat(),
    tip: anyId,
    files: fc.nat(),
    transfers: fc.nat(),
    hashRate: anyCount,
    clockOffsetMs: fc.integer(),
  }),
  peers: few(anyPeer),
  ring: fc.record({
    id: anyId,
    successors: few(
      fc.record({ id: anyId, name: anyName, state: fc.constantFrom('alive', 'suspect'), rttMs: fc.option(anyCount) }),
    ),
    predecessors: few(anyNeighbour),
    fingers: few(anyNeighbour),
    keys: fc.nat(),
  }),
  chain: fc.record({ height: fc.nat(), tip: anyId, work: fc.constant('1'), blocks: few(anyBlock) }),
  mining: fc.record({
    mode: fc.constantFrom('own', 'always', 'never'),
    active: fc.boolean(),
    hashRate: anyCount,
    difficulty: anyCount,
    pending: fc.nat(),
    syncing: fc.option(fc.record({ done: fc.nat(), total: fc.nat() })),
    forks: few(fc.record({ hash: anyId, height: fc.nat(), behind: fc.nat() })),
  }),
  tallies: few(
    fc.record({
      poll: anyName,
      height: fc.nat(),
      final: fc.boolean(),
      total: fc.nat(),
      choices: fc.dictionary(anyName, fc.nat(), { maxKeys: 6 }),
    }),
  ),
  files: few(anyFile),
  transfers: few(anyTransfer),
  rates: fc.record({ down: anyCount, up: anyCount }),
})
