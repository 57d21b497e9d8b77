/** Any network that the types allow, with names that no honest peer has. */
import fc from 'fast-check'
import type { BlockView, FileView, FolderView, PeerView, Snapshot, TransferView } from '../../src/api.js'
import type { Address } from '../../wire/types.js'
import { peerId } from './network.js'

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
  down: anyCount,
  up: anyCount,
  software: anyName,
  since: fc.option(fc.nat()),
  score: fc.integer({ min: 0, max: 100 }),
  tasks: fc.array(
    fc.record({
      service: fc.constantFrom('manifests', 'files'),
      address: anyName as fc.Arbitrary<Address>,
      up: fc.boolean(),
    }),
    { maxLength: 8 },
  ),
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
      kind: fc.constantFrom('note', 'ballot', 'poll', 'close'),
      author: anyId,
      data: fc.record(
        { text: anyName, voter: anyName, choice: anyName, poll: anyName, options: anyName },
        { requiredKeys: [] },
      ),
    }),
  ),
})

const anyWatched = fc.record({
  id: anyId,
  name: anyName,
  state: fc.constantFrom('alive' as const, 'suspect' as const),
  rttMs: fc.option(anyCount),
})

const anyFolder: fc.Arbitrary<FolderView> = fc.record({
  path: anyName,
  mode: fc.constantFrom('both', 'read-only', 'receive-only'),
  state: fc.constantFrom('off', 'scanning', 'syncing', 'in sync', 'paused'),
  reason: anyName,
  files: anyCount,
  directories: anyCount,
  bytes: anyCount,
  inSync: fc.boolean(),
  need: fc.record({ items: anyCount, bytes: anyCount, done: anyCount }),
  heldDeletions: fc.nat(),
  conflicts: few(fc.record({ path: anyName, copy: anyName, placeBy: anyName, by: anyName, time: fc.nat() })),
  problems: few(fc.record({ path: anyName, reason: anyName })),
  changes: few(
    fc.record({
      path: anyName,
      what: fc.constantFrom('added', 'changed', 'deleted', 'conflict', 'restored'),
      by: anyName,
      time: fc.nat(),
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
    keptBytes: fc.nat(),
    quotaBytes: fc.nat(),
    hashRate: anyCount,
    clockOffsetMs: fc.integer(),
  }),
  peers: few(anyPeer),
  ring: fc.record({
    id: anyId,
    successors: few(anyWatched),
    predecessors: few(anyWatched),
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
      question: anyName,
      options: few(anyName),
      closes: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
      roll: fc.option(fc.integer({ min: 1, max: 32 })),
      state: fc.constantFrom('open', 'ended', 'final'),
    }),
  ),
  files: few(anyFile),
  transfers: few(anyTransfer),
  chunkMaps: few(
    fc.record({
      n: fc.nat({ max: 12 }),
      chunks: fc.nat({ max: 20_000 }),
      have: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      coming: few(fc.record({ index: fc.nat({ max: 20_000 }), from: anyId })),
      sources: few(
        fc.record({
          id: anyId,
          name: anyName,
          state: fc.constantFrom('waiting', 'opening', 'open', 'resting'),
          bytes: anyCount,
          rate: anyCount,
          reason: anyName,
        }),
      ),
    }),
  ),
  lookup: fc.option(
    fc.record({
      name: anyName,
      key: anyId,
      path: few(anyId),
      owner: fc.option(anyId),
      state: fc.constantFrom('running', 'done', 'failed'),
    }),
  ),
  folder: anyFolder,
  rates: fc.record({ down: anyCount, up: anyCount }),
})
