/** What a user who waits for a vote or note is told meanwhile: what happens, and what to do where nothing does. */
import type { Progress } from '../api.js'
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

function plain(text: string): Progress {
  return { text, done: 0, total: 0, unit: '' }
}
