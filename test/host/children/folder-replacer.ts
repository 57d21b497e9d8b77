/** Replaces one file of a folder by one and then the other of two sources, for ever; a line each time. */
import { copied, jobOf, openDisk, stateAt } from '../folder-disk.js'
import { Index } from '../folder-scanning.js'

const [root = '', marker = ''] = process.argv.slice(2)
const open = await openDisk(root, marker, new Index())
for (let round = 0; ; round++) {
  const bytes = Buffer.from('ab'.charAt(round % 2).repeat(300_000))
  const outcome = await copied(open, jobOf('note', bytes, { replaces: stateAt(root, 'note') }), `source-${round % 2}`)
  process.stdout.write(`${outcome.outcome}\n`)
}
