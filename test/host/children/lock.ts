/** Takes the directory's lock when told to (a line on stdin), says whether it got it, and holds it until killed. */
import { lockDirectory } from '../../../src/host/lock.js'

const [directory = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  const taken = lockDirectory(directory)
  process.stdout.write(taken.ok ? 'got\n' : `lost ${taken.holder?.pid ?? 'nobody'}\n`)
})
setInterval(() => {}, 1_000)
