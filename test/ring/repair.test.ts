/** What the bench measures with many peers and seeds, with few: how soon the living close the ring. All times are virtual. */
import assert from 'node:assert'
import { test } from 'uvu'
import { halfDead } from '../../bench/support/ring-half-dead.js'
import { repair } from '../../bench/support/ring-repair.js'

const PEERS = 64
/** Two dials that are refused 150 ms apart, whatever was being asked when the links closed. */
const REFUSED_MS = 300

for (const share of [0.1, 0.5])
  test(`${share * 100} % killed at once are bypassed when their links were dialed anew twice`, () => {
    for (const seed of [1, 2, 3]) {
      const { closedMs } = repair({ peers: PEERS, share, death: 'exit', seed })
      assert(closedMs < REFUSED_MS, `seed ${seed}: ${closedMs} ms`)
    }
  })

test('a run of peers that fall silent at once is found dead at once, not one after the other', () => {
  for (const seed of [1, 2]) {
    const { closedMs } = repair({ peers: PEERS, share: 0.5, death: 'silence', seed })
    assert(closedMs < 2_600, `seed ${seed}: ${closedMs} ms`)
  }
})

test('no lookup fails while half of all peers are dead and nothing is repaired', () => {
  for (const seed of [1, 2, 3]) {
    const { failed, cutOff } = halfDead(1_024, 0.5, 500, seed)
    assert.deepEqual({ failed, cutOff }, { failed: 0, cutOff: 0 })
  }
})

test.run()
