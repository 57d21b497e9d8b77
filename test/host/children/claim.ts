/** Claims a state directory when told to, prints it and holds it until killed. */
import { claimStateDirectory } from '../../../src/host/directories.js'

const [data = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
process.stdin.once('data', () => process.stdout.write(`${claimStateDirectory(data, 'home').path}\n`))
setInterval(() => {}, 1_000)
