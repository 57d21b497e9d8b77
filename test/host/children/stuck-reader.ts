/** Asks for every chunk of a blob over one data link, then stops as if frozen. */
import type { Hash } from '../../../wire/types.js'
import { askAndFreeze } from './ask-and-freeze.js'

const [address = '', blob = '', chunks = ''] = process.argv.slice(2)
await askAndFreeze(address, (link) => {
  for (let index = 0; index < Number(chunks); index++) {
    link.send({ type: 'chunkGet', request: index, blob: blob as Hash, index })
  }
})
