/** How many introduced links a transport holds at once. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { LINKS } from '../../wire/limits.js'
import { MemoryTransport, MemoryWorld } from '../../wire/transport-memory.js'
import { dial, listening, newIdentity, newPsk } from './support.js'

/** How many of that many links are taken. */
async function taken(dials: number, links?: number): Promise<number> {
  const world = new MemoryWorld()
  const psk = newPsk()
  const of = (most: object): MemoryTransport => new MemoryTransport(world, { psk, identity: newIdentity(), ...most })
  const victim = of(links === undefined ? {} : { links })
  const { address, accepted } = await listening(victim)
  const others = of({ links: dials })
  for (let count = 0; count < dials; count++) await dial(others, address)
  await others.close()
  await victim.close()
  return accepted.length
}

test('a transport holds as many links as it is told, and tells one more that it is busy', async () => {
  assert.equal(await taken(4, 3), 3)
  assert.equal(await taken(LINKS + 2), LINKS)
  assert.equal(await taken(LINKS + 2, LINKS + 2), LINKS + 2)
})

test.run()
