import { MemoryTransport, MemoryWorld } from '../../wire/transport-memory.js'
import { acceptTransport } from './transport-acceptance.js'

acceptTransport('memory', () => {
  const world = new MemoryWorld()
  return {
    transport: (psk, identity) => new MemoryTransport(world, { psk, identity }),
    silence: async () => null,
  }
})
