/** Takes the database's write lock and never gives it back. */
import { writeSync } from 'node:fs'
import { open } from 'lmdb'

const [path = ''] = process.argv.slice(2)
open({ path, noSubdir: false }).transactionSync(() => {
  writeSync(1, 'holding\n')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
