/** Datagrams: what comes back as it went, and all that a stranger, a thief of packets or a broken network may send. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'uvu'
import { LINKS } from '../../wire/limits.js'
import type { PeerId } from '../../wire/types.js'
import { DATAGRAM_SECRET_BYTES, DatagramChannels, type Dropped } from '../../wire/udp-channels.js'
import type { Datagram } from '../../wire/udp-datagram.js'

const id = (digit: string) => digit.repeat(64) as PeerId
const [ANN, BOB, CID] = [id('a'), id('b'), id('c')]
const NONE: Dropped = { unknown: 0, malformed: 0, forged: 0, replayed: 0 }
let serials = 0

/** Both ends of a link, each with its own registry of keys. */
function pair(secret = new Uint8Array(randomBytes(DATAGRAM_SECRET_BYTES))) {
  const [ann, bob] = [new DatagramChannels(), new DatagramChannels()]
  const links = {
    ann: { serial: ++serials, peer: BOB, dialed: true, datagramSecret: secret },
    bob: { serial: ++serials, peer: ANN, dialed: false, datagramSecret: secret },
  }
  ann.open(links.ann)
  bob.open(links.bob)
  return { ann, bob, links }
}

function sealed(from: DatagramChannels, to: PeerId, datagram: Datagram) {
  const result = from.seal(to, datagram)
  assert(result !== null, 'there is a link')
  return result
}

const PING: Datagram = { type: 'ping', digest: '0123456789abcdef' }

const anyDigest = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const anySequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const anyTarget = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex') as PeerId)
const anyDatagram: fc.Arbitrary<Datagram> = fc.oneof(
  fc.record({ type: fc.constant('ping' as const), digest: anyDigest }),
  fc.record({ type: fc.constant('ack' as const), answers: anySequence, digest: anyDigest }),
  fc.record({ type: fc.constant('askPing' as const), target: anyTarget }),
  fc.record({ type: fc.constant('vouch' as const), answers: anySequence }),
)

test('any datagram comes to the other end as it went, in both directions, with its number', () => {
  const { ann, bob } = pair()
  fc.assert(
    fc.property(anyDatagram, fc.boolean(), (datagram, back) => {
      const [from, to, peer] = back ? [bob, ann, ANN] : [ann, bob, BOB]
      const { bytes, sequence } = sealed(from, peer, datagram)
      const opened = to.receive(bytes)
      assert.deepEqual(opened?.datagram, datagram)
      assert.equal(opened?.sequence, sequence)
      assert.equal(opened?.peer, back ? BOB : ANN)
    }),
  )
  assert.deepEqual([ann.dropped, bob.dropped], [NONE, NONE])
})

test('no answer is longer than its question', () => {
  const { ann } = pair()
  const size = (datagram: Datagram) => sealed(ann, BOB, datagram).bytes.length
  const ack: Datagram = { type: 'ack', answers: 1, digest: '0123456789abcdef' }
  const ask: Datagram = { type: 'askPing', target: CID }
  assert(size(ack) <= size(PING), 'ack')
  assert(size({ type: 'vouch', answers: 1 }) <= size(ask), 'vouch')
  assert(size(PING) <= size(ask), 'the ping on behalf of another')
  assert.equal(size(PING), 49)
})

test('one bit turned anywhere, bytes cut off or added: nothing is let in', () => {
  fc.assert(
    fc.property(anyDatagram, fc.nat(), fc.integer({ min: -16, max: 16 }), (datagram, place, change) => {
      const { ann, bob } = pair()
      const { bytes } = sealed(ann, BOB, datagram)
      const turned = Uint8Array.from(bytes)
      const bit = place % (8 * bytes.length)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(bob.receive(turned), null)
      const resized =
        change <= 0 ? bytes.subarray(0, bytes.length + change - 1) : Buffer.concat([bytes, Buffer.alloc(change)])
      assert.equal(bob.receive(resized), null)
      // and none of it took the true one's place
      assert.deepEqual(bob.receive(bytes)?.datagram, datagram)
    }),
  )
})

test('whatever bytes come, of strangers or under a known tag, they are dropped', () => {
  const { ann, bob } = pair()
  const { bytes } = sealed(ann, BOB, PING)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (noise, tagged) => {
      assert.equal(bob.receive(tagged ? Buffer.concat([bytes.subarray(0, 8), noise]) : noise), null)
    }),
    { numRuns: 2_000 },
  )
  const { unknown, malformed, forged, replayed } = bob.dropped
  assert(unknown > 0 && malformed + forged > 0)
  assert.equal(unknown + malformed + forged + replayed, 2_000)
})

test('lost, doubled and out of order: each gets through once at most, and always while fewer than 64 overtook it', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 150 }), { minLength: 1, maxLength: 400 }), (order) => {
      const { ann, bob } = pair()
      const sent = Array.from({ length: 151 }, () => sealed(ann, BOB, PING))
      const came = new Set<number>()
      let highest = 0
      for (const place of order) {
        const { bytes, sequence } = sent[place]!
        const opened = bob.receive(bytes)
        const isNew = !came.has(sequence) && sequence > highest - 64
        assert.equal(opened !== null, isNew, `number ${sequence} after ${highest}`)
        if (opened !== null) assert.equal(opened.newest, sequence > highest)
        came.add(sequence)
        highest = Math.max(highest, sequence)
      }
    }),
  )
})

test('a datagram sent back to its sender, or to the end of another link, is dropped', () => {
  const { ann, bob } = pair()
  const other = pair()
  const { bytes } = sealed(ann, BOB, PING)
  assert.equal(ann.receive(bytes), null)
  assert.equal(other.bob.receive(bytes), null)
  assert.notEqual(bob.receive(bytes), null)
})

test('keys end with their link, and the newest link is the one to send by', () => {
  const { ann, bob, links } = pair()
  const late = sealed(ann, BOB, PING).bytes
  const again = { ...links.ann, serial: ++serials, datagramSecret: new Uint8Array(randomBytes(DATAGRAM_SECRET_BYTES)) }
  ann.open(again)
  bob.open({ ...links.bob, serial: ++serials, datagramSecret: again.datagramSecret })
  assert.equal(sealed(ann, BOB, PING).link, again.serial)
  bob.close(links.bob)
  assert.equal(bob.receive(late), null)
  assert.equal(bob.dropped.unknown, 1)
  assert.notEqual(bob.receive(sealed(ann, BOB, PING).bytes), null)
  ann.close(again)
  assert.equal(sealed(ann, BOB, PING).link, links.ann.serial, 'the older link stands still')
  ann.close(links.ann)
  assert.equal(ann.seal(BOB, PING), null)
})

test('no more keys are kept than there may be links', () => {
  const many = new DatagramChannels()
  for (let serial = 1; serial <= LINKS + 5; serial++) {
    const datagramSecret = new Uint8Array(randomBytes(DATAGRAM_SECRET_BYTES))
    many.open({ serial, peer: serial.toString(16).padStart(64, '0') as PeerId, dialed: true, datagramSecret })
  }
  assert.equal(many.linkTo((LINKS + 5).toString(16).padStart(64, '0') as PeerId), undefined)
  assert.notEqual(many.linkTo(LINKS.toString(16).padStart(64, '0') as PeerId), undefined)
})

test.run()
