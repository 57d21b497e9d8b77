/** Writes batches of ten records for ever and prints the number of each batch once its `done` came. */
import { writeSync } from 'node:fs'
import { openStore } from '../../../src/host/store-lmdb.js'

const [path = '', first = '1'] = process.argv.slice(2)
const store = openStore({
  path,
  fatal: (reason) => {
    writeSync(2, reason)
    process.exit(1)
  },
})

function batch(number: number): void {
  const value = Buffer.alloc(300, number)
  const operations = Array.from(
    { length: 10 },
    (_, item) => ({ put: 'records', key: `${number}/${item}`, value }) as const,
  )
  store.write([...operations, { put: 'meta', key: 'last', value: Buffer.from(String(number)) }], () => {
    writeSync(1, `${number}\n`)
  })
  setImmediate(() => batch(number + 1))
}
batch(Number(first))
