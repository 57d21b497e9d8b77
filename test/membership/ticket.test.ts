import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'uvu'
import { decodeTicket, encodeTicket, looksLikeTicket, type Ticket } from '../../src/membership/ticket.js'
import type { Address } from '../../wire/types.js'

const ticket: fc.Arbitrary<Ticket> = fc.record({
  network: fc.stringMatching(/^[a-z0-9.-]{1,32}$/),
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  addresses: fc.array(
    fc
      .tuple(fc.constantFrom('10.0.0.1', '[fd00::7]', 'host.example'), fc.integer({ min: 1, max: 65535 }))
      .map(([host, port]) => `${host}:${port}` as Address),
    { maxLength: 8 },
  ),
})

test('a ticket reads back as it was written, pasted with line breaks and capitals too', () => {
  fc.assert(
    fc.property(ticket, fc.boolean(), (original, mangled) => {
      const word = encodeTicket(original)
      assert.match(word, /^p2p1[a-z2-7]+$/)
      assert.ok(looksLikeTicket(word))
      const pasted = mangled ? ` ${word.toUpperCase().replace(/(.{40})/g, '$1\n')}\t` : word
      assert.deepEqual(decodeTicket(pasted), { ok: true, value: { ...original } })
    }),
  )
})

test('a changed, missing or additional character is noticed', () => {
  fc.assert(
    fc.property(ticket, fc.nat(), fc.constantFrom('change', 'drop', 'double', 'cut'), (original, at, deed) => {
      const word = encodeTicket(original)
      const place = 4 + (at % (word.length - 4))
      const other = word[place] === 'q' ? 'x' : 'q'
      const damaged = {
        change: word.slice(0, place) + other + word.slice(place + 1),
        drop: word.slice(0, place) + word.slice(place + 1),
        double: word.slice(0, place) + word[place] + word.slice(place),
        cut: word.slice(0, place),
      }[deed]
      const result = decodeTicket(damaged)
      assert.ok(!result.ok)
      assert.equal(result.kind, 'usage')
    }),
  )
})

test('what is wrong with a ticket is told apart', () => {
  const word = encodeTicket({ network: 'home', secret: new Uint8Array(32), addresses: [] })
  const words = (text: string): string => {
    const result = decodeTicket(text)
    return result.ok ? 'good' : result.message
  }
  assert.match(words(''), /no ticket given/)
  assert.match(words('10.0.0.1:4000'), /not a ticket/)
  assert.match(words(`p2p2${word.slice(4)}`), /version 2.*update/)
  assert.match(words(`${word.slice(0, 9)}!${word.slice(10)}`), /no ticket contains '!'/)
  assert.match(words(word.slice(0, -2)), /wrong or missing|cut short/)
  assert.match(words(`p2p1${'a'.repeat(5000)}`), /too long/)
  assert.ok(!looksLikeTicket('p2p1host:4000'))
})

test.run()
