/** `ring` and `lookup` as a shell shows them. */
import assert from 'node:assert'
import { suite } from 'uvu'
import type { LookupView, PeerApi, RingView } from '../../src/api.js'
import { lookup, ring } from '../../src/cli/commands/ring.js'
import type { CommandContext } from '../../src/cli/outcome.js'
import { parseWords } from '../../src/cli/parse.js'
import { VERSION } from '../../src/cli/version.js'
import { widthOf } from '../../ui/text/cells.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { network, peerView } from '../ui/network.js'

const test = suite('ring commands')

/** At that many 256ths of the circle. */
const at = (place: number): PeerId => place.toString(16).padStart(2, '0').padEnd(64, '0') as PeerId
const [SELF, ANN, BOB] = [at(16), at(32), at(240)]

const VIEW: RingView = {
  id: SELF,
  successors: [
    { id: ANN, name: 'ann', state: 'alive', rttMs: 0.42 },
    { id: BOB, name: 'bob', state: 'suspect', rttMs: null },
  ],
  predecessors: [
    { id: BOB, name: 'bob', state: 'suspect', rttMs: null },
    { id: ANN, name: 'ann', state: 'alive', rttMs: 0.42 },
  ],
  fingers: [{ id: ANN, name: 'ann' }],
  keys: 3,
}

const FOUND: LookupView = { key: at(24) as string as Hash, owner: ANN, replicas: [BOB, at(200)], path: [SELF, BOB] }

function context(columns = 0): CommandContext {
  const { status } = network(0)
  const peer = {
    ring: () => VIEW,
    status: () => ({ ...status, id: SELF, name: 'me' }),
    peers: () => [peerView('ann', { id: ANN }), peerView('bob', { id: BOB })],
    lookup: (_name, done) => done({ ok: true, value: FOUND }),
  } satisfies Partial<PeerApi> as unknown as PeerApi
  const host = { peer } as unknown as CommandContext['host']
  const signal = new AbortController().signal
  return { host, cwd: '/', columns, pictures: false, progress: () => {}, signal, timeoutMs: undefined }
}

test('ring shows both sides in their order, with state, round trip and way, and the keys', () => {
  const { lines, message, json } = ring(context())
  assert.deepStrictEqual(lines, [
    '               name  id       state    rtt     away',
    'predecessor 2  ann   2000…00  alive    0.4 ms  -93.8 %',
    'predecessor 1  bob   f000…00  suspect  -       -12.5 %',
    'self           me    1000…00',
    'successor 1    ann   2000…00  alive    0.4 ms  +6.25 %',
    'successor 2    bob   f000…00  suspect  -       +87.5 %',
    '3 keys held, 1 finger: ann',
  ])
  assert.strictEqual(message, 'between bob and ann, 3 keys held')
  assert.strictEqual(json, VIEW)
  for (const line of (ring(context(40)).lines ?? []).slice(0, -1)) assert.ok(widthOf(line) <= 40, line)
})

test('lookup names whom it asked, who owns the key and how near it stands', async () => {
  const parsed = parseWords(['lookup', 'music.txt'], VERSION)
  assert.ok(parsed.ok)
  const { lines, json } = await lookup(context(), parsed.invocation)
  assert.deepStrictEqual(lines, [
    `key       ${FOUND.key}`,
    'owner     ann 2000…00, 3.13 % of the circle after the key',
    'replicas  bob f000…00, c800…00',
    'path      me 1000…00 → bob f000…00 → ann 2000…00, 2 hops',
  ])
  assert.strictEqual(json, FOUND)
})

test.run()
