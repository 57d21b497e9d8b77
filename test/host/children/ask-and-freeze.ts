/** Links of a child process that asks for much over one data link, then stops as if frozen. */

import type { Link } from '../../../src/env.js'
import { startPeer } from '../../../src/host/start.js'
import { LinkCore } from '../../../wire/link-core.js'
import type { Address } from '../../../wire/types.js'

/** Dials that address, asks, and freezes when the requests are on their way. */
export async function askAndFreeze(address: string, ask: (link: Link) => void): Promise<void> {
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
      ask(link)
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
}
