/** Asks for every chunk of a blob over one data link, then stops as if frozen. */
import { startPeer } from '../../../src/host/start.js'
import { LinkCore } from '../../../wire/link-core.js'
import type { Address, Hash } from '../../../wire/types.js'

const [address = '', blob = '', chunks = ''] = process.argv.slice(2)
const sink = new Uint8Array(1 << 24)
const { env } = await startPeer({
  network: null,
  name: null,
  data: null,
  makePeer: (world) => world,
  fatal: (reason) => {
    throw new Error(reason)
  },
})
env.links.dial(address as Address, {
  service: 'data',
  timeoutMs: 10_000,
  opened: (link) => {
    link.promote('data')
    if (link instanceof LinkCore)
      link.receiver = { begin: () => sink, progress: () => {}, end: () => {}, closed: () => {} }
    for (let index = 0; index < Number(chunks); index++) {
      link.send({ type: 'chunkGet', request: index, blob: blob as Hash, index })
    }
    setTimeout(() => {
      process.stdout.write('asked\n', () => process.kill(process.pid, 'SIGSTOP'))
    }, 20)
    // whatever came before it froze is of no use to it
    return { message: () => {}, drained: () => {}, closed: () => {} }
  },
  failed: (failure, detail) => {
    throw new Error(`${failure}: ${detail}`)
  },
})
