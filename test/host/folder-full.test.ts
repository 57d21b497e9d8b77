import * as assert from 'node:assert'
import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import { temporary } from './support.js'

/** A disk of 4 MiB, seen by what runs in it alone. */
const SMALL_DISK = ['unshare', '-rm', 'sh', '-c', 'mount -t tmpfs -o size=4m tmpfs "$0" && cd "$0" && exec "$@"']
const test = suite('the shared folder on a full disk')

function onSmallDisk(...command: readonly string[]) {
  const [program = '', ...args] = SMALL_DISK
  return spawnSync(program, [...args, temporary(), ...command], { encoding: 'utf8', timeout: 60_000 })
}

// where a user may not mount a disk of his own, nothing can be filled
const on = onSmallDisk('true').status === 0 ? test : test.skip

on(
  'a disk that gets full is said to be so, whole files stay whole, nothing half written is left, and deletions make room',
  () => {
    const script = new URL('./children/folder-full.js', import.meta.url).pathname
    const run = onSmallDisk(process.execPath, '--enable-source-maps', script, '.')
    assert.equal(run.status, 0, run.stderr)
    assert.deepEqual(JSON.parse(run.stdout), {
      outcomes: [['full', 'full'], ['missing', 'full'], ['full']],
      sizes: [30_000, 1 << 20],
      left: [],
      freeBefore: 0,
      removals: ['ok false'],
      hasMore: true,
    })
  },
)

test.run()
