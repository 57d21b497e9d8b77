/** Prints the secret of the default network when told to. */
import { DEFAULT_NETWORK, networkSecret } from '../../../src/host/secret.js'

const [config = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
process.stdin.once('data', () => {
  process.stdout.write(`${Buffer.from(networkSecret(config, DEFAULT_NETWORK)).toString('hex')}\n`)
  process.exit(0)
})
