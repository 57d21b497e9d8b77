/** Diverts native errors, then writes to standard error once as Node does and once as native code does. */
import { spawnSync } from 'node:child_process'
import { divertNativeErrors } from '../../../src/host/native-errors.js'

const [file = ''] = process.argv.slice(2)
divertNativeErrors(file)
spawnSync('sh', ['-c', 'echo from native code >&2'], { stdio: ['ignore', 'ignore', 2] })
console.error('from the program')
