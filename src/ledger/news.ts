/** What a user who waits for a vote or note is told meanwhile: what happens, and what to do where nothing does. */
import type { Progress } from '../api.js'
import type { Change } from './chain.js'
import type { Miner } from './miner/miner.js'
import type { Sync } from './sync.js'

/** `clockOffsetMs`: how far the other peers' clocks are ahead of ours. */
export function newsOf(miner: Miner, sync: Sync, clockOffsetMs: number): Progress {
  const syncing = sync.view()
  switch (miner.state) {
    case 'syncing':
      if (syncing === null) return plain('mining')
      return { text: `syncing ${syncing.done}/${syncing.total}, then mining`, ...syncing, unit: 'headers' }
    case 'never':
      return plain('waiting for another peer to mine it (mining is off here: mine own)')
    case 'clock':
      return plain(clockTrouble(clockOffsetMs))
    case 'retry':
      return plain('retry: another block came first')
    case 'mining': {
      const total = miner.difficulty()
      return { text: 'mining', done: Math.min(miner.hashes(), total), total, unit: 'hashes' }
    }
    case 'unfit':
      return plain('its poll has ended; waiting for the block that closes it')
    case 'nothing':
    case 'waiting':
      return plain('writing to disk')
  }
}

/** Why a peer whose clock is off does not mine, and what to do. */
export function clockTrouble(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  return `not mining: this clock is ${seconds} s ${offsetMs > 0 ? 'behind' : 'ahead of'} the other peers'; set it`
}

/** What the log says of blocks that were just added; `count` of them came at once. */
export function blockLine({ tip, connected }: Change, count: number, how: 'mined' | 'added'): string {
  const what = count > 1 ? `Blocks up to ${tip.height}` : `Block ${tip.height}`
  const records = `${connected.length} ${connected.length === 1 ? 'record' : 'records'}`
  return `${what} ${how}: ${records}, ${tip.hash.slice(0, 8)}`
}

function plain(text: string): Progress {
  return { text, done: 0, total: 0, unit: '' }
}
