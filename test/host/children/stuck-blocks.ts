/** Asks for blocks, whose hashes come on standard input, over one data link, 1 MiB each time, then stops as if frozen. */
import { readFileSync } from 'node:fs'
import { startPeer } from '../../../src/host/start.js'
import { LinkCore } from '../../../wire/link-core.js'
import type { Address, Hash } from '../../../wire/types.js'

const [address = '', size = ''] = process.argv.slice(2)
const hashes = readFileSync(0, 'utf8').split('\n') as Hash[]
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
    for (let request = 0; request * 8 < hashes.length; request++) {
      const blocks = hashes.slice(request * 8, request * 8 + 8).map((hash) => ({ hash, size: Number(size) }))
      link.send({ type: 'folderBlocksGet', request, blocks })
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
