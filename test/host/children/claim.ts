/** Claims a state directory when told to, prints it and holds it until killed. */

import { claimStateDirectory } from '../../../src/host/directories.js'
import type { Hash } from '../../../wire/types.js'

const [data = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  const { path } = claimStateDirectory(data, { network: 'home', tag: 'f'.repeat(64) as Hash })
  process.stdout.write(`${path}\n`)
})
setInterval(() => {}, 1_000)
