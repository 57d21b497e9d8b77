/** Asks for blocks, whose hashes come on standard input, over one data link, 1 MiB each time, then stops as if frozen. */
import { readFileSync } from 'node:fs'
import type { Hash } from '../../../wire/types.js'
import { askAndFreeze } from './ask-and-freeze.js'

const [address = '', size = ''] = process.argv.slice(2)
const hashes = readFileSync(0, 'utf8').split('\n') as Hash[]
await askAndFreeze(address, (link) => {
  for (let request = 0; request * 8 < hashes.length; request++) {
    const blocks = hashes.slice(request * 8, request * 8 + 8).map((hash) => ({ hash, size: Number(size) }))
    link.send({ type: 'folderBlocksGet', request, blocks })
  }
})
