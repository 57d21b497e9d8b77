import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import type { HoldersView, PeerView, Snapshot } from '../../src/api.js'
import { lookOf } from '../../ui/look.js'
import { FOLDER_KEY, type Model } from '../../ui/state.js'
import { widthOf } from '../../ui/text/cells.js'
import { plainText } from '../../ui/text/line.js'
import { filesContent } from '../../ui/views/files.js'
import { overlayLines } from '../../ui/views/overlay.js'
import { peersContent } from '../../ui/views/peers.js'
import { lookupWords } from '../../ui/views/ring.js'
import type { Address } from '../../wire/types.js'
import { anyName } from './arbitraries.js'
import { anyModel, modelOf, NOW, UTF8 } from './models.js'
import {
  blockView,
  emptyNetwork,
  fileView,
  hash,
  lookupOf,
  NAMES,
  network,
  peerId,
  peerView,
  transferView,
} from './network.js'
import { screenOf, withoutStyles } from './screen.js'

const textOf = (model: Model): string => screenOf(model).join('\n')

/** Fails with the screen. */
function sees(screen: string, ...expected: readonly RegExp[]): void {
  for (const one of expected) assert(one.test(screen), `no ${one} on the screen:\n${screen}`)
}

test('any network in any state fills the screen exactly, at any size', () => {
  fc.assert(
    fc.property(anyModel, (model) => {
      const lines = screenOf(model)
      assert.strictEqual(lines.length, model.size.rows)
      for (const line of lines) {
        assert.strictEqual(widthOf(line), model.size.columns, JSON.stringify(line))
        assert.doesNotMatch(line, /\p{Cc}|\p{Cf}/u)
      }
    }),
    { numRuns: 300 },
  )
})

test('details of hostile things fill their room exactly', () => {
  fc.assert(
    fc.property(
      anyModel,
      fc.constantFrom('peers' as const, 'chain' as const, 'ring' as const, 'files' as const),
      fc.nat(20),
      (model, pane, scroll) => {
        const { snapshot } = model
        const keys = [
          snapshot?.peers[0]?.id,
          snapshot?.chain.blocks[0]?.hash,
          `s:${snapshot?.ring.id}`,
          `f:${snapshot?.files[0]?.id}`,
          `t:${snapshot?.transfers[0]?.n}`,
          FOLDER_KEY,
        ]
        for (const key of keys) {
          const lines = overlayLines({ kind: 'detail', pane, key: key ?? '', scroll }, model, 77, 19)
          assert.strictEqual(lines.length, 19)
          for (const line of lines) assert.strictEqual(widthOf(withoutStyles(line)), 77)
        }
      },
    ),
  )
})

test('80x24 shows the four panes, who we are and how to begin', () => {
  const screen = textOf(modelOf())
  sees(screen, /otter-lime .*home {2}anchor .*7 peers .*↓ 4\.2 MB\/s .*↑ 100 kB\/s/)
  sees(screen, /╭ 1 Peers .*╭ 2 Chain /)
  sees(screen, /╭ 3 Ring .*╭ 4 Files /)
  sees(screen, /music\.txt +█+\S? +60 % 312\/512/)
  sees(screen, /↓ 4\.2 MB\/s +0:48 +from 3 peers/)
  sees(screen, /#1204 \S+ +4s voter0: yes/)
  sees(screen, /├ #1203 \S+ fork, 1 behind/)
  sees(screen, /◆ otter-lime .* 12 keys/)
  sees(screen, /Tab pane .*v vote .*\? help .*q quit/)
})

test('120x40 adds the ring as a picture and the rate chart from live data', () => {
  const size = { columns: 120, rows: 40 }
  const samples = Array.from({ length: 120 }, (_, second) => ({ down: second * 4e4, up: 1e6, hashRate: 0 }))
  const screen = textOf(modelOf(undefined, { size, rates: samples }))
  sees(screen, /Rate MB\/s/)
  assert((screen.match(/[\u2801-\u28ff]/g) ?? []).length > 150, screen)
  sees(screen, /-1:30 +-1:00 +-0:30/)
  const flat = textOf(modelOf(undefined, { size, rates: [] }))
  assert.notStrictEqual(screen, flat)
})

test('200x60 adds tally bars and the log', () => {
  const log = [{ time: NOW, level: 'info' as const, text: 'Peer wren-amber departed' }]
  const screen = textOf(modelOf(undefined, { size: { columns: 200, rows: 60 }, log }))
  sees(screen, /█{8}/, /█6█/, /│ +yes +no +│/)
  sees(screen, /Peer wren-amber departed/)
})

test('below 80x24 there is one pane with tabs, below 40x10 a word', () => {
  const one = textOf(modelOf(undefined, { size: { columns: 60, rows: 15 } }))
  sees(one, /1 Peers +2 Chain +3 Ring +4 Files/)
  sees(one, /finch-teal/)
  assert.doesNotMatch(one, /◆/)
  sees(textOf(modelOf(undefined, { size: { columns: 39, rows: 24 } })), /^too small: 39x24 of 40x10/)
})

test('before there is a core the screen says that it is starting', () => {
  sees(textOf(modelOf(null)), /p2p-tui {2}starting…/)
})

test('empty panes say how to fill them', () => {
  const snapshot = network(NOW / 1000, { peers: [], files: [], transfers: [] })
  const screen = textOf(modelOf({ ...snapshot, chain: { ...snapshot.chain, blocks: [] } }))
  sees(screen, /run p2p-tui in a/)
  sees(screen, /no files yet: :store <file>/)
  sees(screen, /no blocks yet: :vote <voter>/)
})

test('a transfer that stands still shows a dash and the reason', () => {
  const stalled = transferView(1, 'music.txt', {
    state: 'stalled',
    reason: 'no holder of chunk 40 is up',
    etaSeconds: null,
  })
  sees(textOf(modelOf(network(NOW / 1000, { transfers: [stalled] }))), /◐ - no holder of chunk 40 is up/)
})

test('a file that is being downloaded is listed once, and another of its name beside it', () => {
  const base = network(NOW / 1000)
  const files = [...base.files, fileView('music.txt', { id: hash('another'), size: 5 })]
  const listed = (transfers: Snapshot['transfers']) =>
    filesContent(modelOf({ ...base, files, transfers }), 60).rows.map(({ key }) => key)
  const [music, atlas] = base.files.map(({ id }) => `f:${id}`)
  const rest = [atlas, `f:${hash('another')}`].sort()
  assert.deepEqual([...listed([transferView(1, 'music.txt')])].sort(), [...rest, 't:1'].sort())
  assert.deepEqual([...listed([transferView(1, 'music.txt', { state: 'done' })])].sort(), [...rest, music].sort())
  assert(listed([transferView(1, 'music.txt', { state: 'failed' })]).includes(music ?? ''))
})

test('a peer that is not up says why', () => {
  const peers = [peerView('lark-jade', { state: 'dialing', detail: 'try 3 in 4s', rttMs: null })]
  sees(textOf(modelOf(network(NOW / 1000, { peers }))), /◐ lark-jade +dialing, try 3 in 4s/)
})

test('the columns of a peer come with the width, its traffic first', () => {
  const heads = (width: number) => {
    const [row] = peersContent(
      modelOf(network(NOW / 1000, { peers: [peerView('finch-teal', { role: 'anchor' })] })),
      width,
    ).rows
    return row?.lines.map((line) => plainText(line, UTF8)).join('') ?? ''
  }
  assert.match(heads(34), /^◉ finch-teal +22 ms ↓1\.2M ↑ 80k$/)
  assert.match(heads(44), /↑ 80k e3fb…94$/)
  assert.match(heads(58), /↑ 80k +98 +16m e3fb…94$/)
  assert.match(heads(73), /98 +16m 127\.0\.0\.1:24001 +0\.1\.0 +$/)
  assert.match(heads(120), /98 +16m 1\.2M +80k e3fb…94 127\.0\.0\.1:24001 +0\.1\.0 +anchor/)
})

const ANCHOR = peerView('harbour', {
  role: 'anchor',
  address: '127.0.0.1:4000' as Address,
  tasks: [
    { service: 'manifests', address: '127.0.0.1:4001' as Address, up: true },
    { service: 'files', address: '127.0.0.1:4002' as Address, up: false },
  ],
  copies: 3,
})

test('a dedicated anchor shows its tasks and whether they are linked, at every size', () => {
  for (const size of [
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 200, rows: 60 },
  ]) {
    const peers = [ANCHOR, peerView('finch-teal')]
    const screen = textOf(modelOf(network(NOW / 1000, { peers }), { size }))
    sees(screen, /◉ harbour/, /│ {3}anchor ● manifests {2}○ files/, /● finch-teal/)
  }
  const ascii = textOf(modelOf(network(NOW / 1000, { peers: [ANCHOR] }), { look: lookOf({ LANG: 'C' }) }))
  sees(ascii, /A harbour/, /anchor \* manifests {2}o files/)
})

test('the detail of a peer says what its role is, and of a dedicated anchor where its tasks are and what they have', () => {
  const detail = (peer: PeerView): string => {
    const model = modelOf(network(NOW / 1000, { peers: [peer] }))
    const overlay = { kind: 'detail', pane: 'peers', key: peer.id, scroll: 0 } as const
    return overlayLines(overlay, model, 80, 22).map(withoutStyles).join('\n')
  }
  sees(
    detail(ANCHOR),
    /role +dedicated anchor: in no ring, lists every name, keeps copies/,
    /admission +● 127\.0\.0\.1:4000/,
    /manifests +● 127\.0\.0\.1:4001 +2 names listed/,
    /files +○ 127\.0\.0\.1:4002 +no link/,
  )
  const tasks = ANCHOR.tasks.map((task) => ({ ...task, up: true }))
  sees(detail({ ...ANCHOR, tasks }), /files +● 127\.0\.0\.1:4002 +3 copies known here/)
  sees(detail(peerView('ann', { role: 'anchor' })), /role +anchor: holds a rendezvous port/)
  sees(detail(peerView('ann', { role: 'dial-out' })), /role +dial-out: nobody can dial it/)
})

test('the detail of a file shows how many hold each chunk, and how much each holder has', () => {
  const base = network(NOW / 1000, { transfers: [] })
  const file = fileView('film', { chunks: 20 })
  const some = (name: string, bytes: readonly number[], count: number) => {
    return { id: peerId(name), name, count, have: Buffer.from(bytes).toString('base64') }
  }
  const holders = [some('wren-amber', [0x0f, 0, 0], 4), some('finch-teal', [0xff, 0xff, 0x0f], 20)]
  const shown = (view: HoldersView): string => {
    const model = modelOf({ ...base, files: [file] }, { holders: view })
    const overlay = { kind: 'detail', pane: 'files', key: `f:${file.id}`, scroll: 0 } as const
    return overlayLines(overlay, model, 78, 22).map(withoutStyles).join('\n')
  }
  const view: HoldersView = { name: 'film', id: file.id, chunks: 20, holders }
  sees(
    shown(view),
    /each chunk {2}1 to 2 holders *\n 22221111111111111111 *\n/,
    /finch-teal +█+ +100 % 20\/20/,
    /wren-amber +█+▊ +20 % 4\/20/,
  )
  assert.doesNotMatch(shown({ ...view, id: hash('another') }), /each chunk/)
  const nobody = shown({ ...view, holders: [] })
  sees(nobody, /each chunk {2}0 holders *\n 0{20} *\n/)
  const many = overlayLines(
    { kind: 'detail', pane: 'files', key: `f:${file.id}`, scroll: 0 },
    modelOf({ ...base, files: [file] }, { holders: { ...view, chunks: 8011 } }),
    78,
    30,
  )
  sees(many.map(withoutStyles).join('\n'), /the fewest of 9 chunks in a cell/)
})

test('a dedicated anchor is not drawn on the ring', () => {
  const size = { columns: 200, rows: 60 }
  const drawn = (peer: PeerView): boolean =>
    /harbour/.test(
      textOf(modelOf(network(NOW / 1000, { peers: [peer], ring: emptyNetwork(NOW / 1000).ring }), { size })).replaceAll(
        /│ [◉●] harbour/g,
        '',
      ),
    )
  assert.ok(drawn(peerView('harbour')))
  assert.ok(!drawn(ANCHOR))
})

test('peers stand in an order that traffic does not change', () => {
  const order = (busy: string) =>
    peersContent(
      modelOf(network(NOW / 1000, { peers: NAMES.map((name) => peerView(name, { down: name === busy ? 9e9 : 0 })) })),
      60,
    ).rows.map(({ key }) => key)
  assert.deepStrictEqual(order('wren-amber'), order('crane-ruby'))
})

test('a lookup is told in whole names, in first words where those do not fit, and how it ended', () => {
  const words = (width: number, state: 'running' | 'done' | 'failed') =>
    lookupWords(lookupOf(state), network(NOW / 1000), width, UTF8)
  assert.strictEqual(words(80, 'done'), 'lookup music.txt: otter-lime → finch-teal → wren-amber owns it, 2 hops')
  assert.strictEqual(words(60, 'done'), 'lookup music.txt: otter → finch → wren owns it, 2 hops')
  assert.strictEqual(words(80, 'running'), 'lookup music.txt: otter-lime → finch-teal → …')
  assert.strictEqual(words(80, 'failed'), 'lookup music.txt: otter-lime → finch-teal → ✗ no answer, 1 hop')
})

test('the detail of a block has the whole id of every record, in one piece, and a filter keeps both together', () => {
  const base = network(NOW / 1000)
  const votes = blockView(1204, NOW / 1000, [
    ['alice', 'yes'],
    ['bob', 'x'.repeat(90)],
  ])
  const snapshot = { ...base, chain: { ...base.chain, blocks: [votes] } }
  const page = (width: number, filter = '') => {
    const overlay = { kind: 'detail' as const, pane: 'chain' as const, key: votes.hash, scroll: 0, filter }
    return overlayLines(overlay, modelOf(snapshot), width, 30).map(withoutStyles)
  }
  const [alice = '', bob = ''] = votes.records.map(({ id }) => id as string)
  for (const width of [80, 100, 120, 200]) {
    const lines = page(width)
    for (const id of [alice, bob])
      assert.strictEqual(lines.filter((line) => line.includes(id)).length, 1, lines.join('\n'))
  }
  const one = page(80, 'ALICE').join('\n')
  sees(one, /alice: yes/, new RegExp(alice))
  assert.doesNotMatch(one, new RegExp(bob))
})

test('a wrong clock and a running sync stand in the header', () => {
  const base = network(NOW / 1000)
  const status = { ...base.status, clockOffsetMs: -31_000 }
  const mining = { ...base.mining, syncing: { done: 40, total: 120 } }
  const screen = textOf(modelOf({ ...base, status, mining }))
  sees(screen, /clock 31 s off/)
  sees(screen, /syncing 40\/120/)
})

test('names from peers cannot move a border', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const snapshot = network(NOW / 1000, {
        peers: [peerView(name)],
        files: [fileView(name)],
        transfers: [transferView(1, name)],
      })
      for (const line of textOf(modelOf(snapshot)).split('\n').slice(2, 9)) assert.match(line, /^│.*││.*│$/u)
    }),
  )
})

test.run()
